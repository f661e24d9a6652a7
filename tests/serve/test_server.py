"""The server over a fake policy: what a robot, an openpi client and a stranger get from it."""

import asyncio
import contextlib
import http.client
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgpack
import numpy as np
import pytest
from served import HOST, running
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from xr0.serve.dispatch import Question
from xr0.serve.server import ListenError, Settings, listening
from xr0_robot import wire
from xr0_robot.client import Client, ConnectionLost, ServerError
from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.types import Observation

HORIZON = 5


class FakePolicy:
    """Answers with the state, repeated; the prompts "slow" and "bug" do what they say."""

    def __init__(self):
        self.warm = False
        self.threads = set()
        self.batches = []
        self.thinking = threading.Event()
        self.release = threading.Event()

    def metadata(self):
        return {
            wire.EMBODIMENT: BRICKS.to_dict(),
            wire.ACTION_HORIZON: HORIZON,
            wire.MAX_PREFIX: 3,
            wire.CONTRACT: {},
            wire.CHECKPOINT: {"name": "fake", "fingerprint": "0"},
        }

    def warm_up(self, largest_batch):
        self.threads.add(threading.current_thread())
        self.warm = True

    def read(self, request):
        if wire.STATE not in request:
            raise ValueError(f"request: got {sorted(request)},\nexpected {wire.STATE}")
        if request[wire.PROMPT] == "unreadable":
            raise KeyError("secret")
        return Question(None, request)

    def infer(self, questions):
        self.threads.add(threading.current_thread())
        self.batches.append([question[wire.PROMPT] for question in questions])
        if self.batches[-1][0] == "slow":
            self.thinking.set()
            assert self.release.wait(30)
        return [self.answer(question) for question in questions]

    def answer(self, request):
        if request[wire.PROMPT] == "bug":
            raise KeyError("secret")
        if request[wire.PROMPT] == "nan":
            return {wire.ACTIONS: np.full((HORIZON, 7), np.nan, np.float32)}
        actions = np.repeat(request[wire.STATE][None], HORIZON, axis=0).astype(np.float32)
        return {wire.ACTIONS: actions, wire.POLICY_TIMING: {wire.INFER_MS: 1.0}}


@pytest.fixture
def policy():
    return FakePolicy()


@pytest.fixture
def port(policy):
    with running(policy) as bound_port:
        yield bound_port
        policy.release.set()


def openpi_connect(port, **options):
    """As openpi's client connects."""
    return connect(f"ws://{HOST}:{port}", compression=None, max_size=None, **options)


def openpi_array(array):
    return {b"__ndarray__": True, b"data": array.tobytes(), b"dtype": array.dtype.str, b"shape": array.shape}


def request(prompt="go", value=0.0, **extra):
    return wire.pack({wire.STATE: np.full(7, value), wire.PROMPT: prompt, **extra})


def ask(robot, frame):
    robot.send(frame)
    return wire.unpack(robot.recv(timeout=10))


def healthz(port):
    plain = http.client.HTTPConnection(HOST, port, timeout=10)
    with contextlib.closing(plain):
        plain.request("GET", "/healthz")
        response = plain.getresponse()
        return response.status, response.read()


def observation(value=0.5, instruction="go", time_s=3.0):
    images = {camera.key: np.zeros((camera.height, camera.width, 3), np.uint8) for camera in BRICKS.cameras}
    return Observation(images, np.full(7, value), instruction, time_s)


def test_metadata_comes_first_from_a_warm_policy(policy, port):
    with openpi_connect(port) as robot:
        metadata = wire.unpack(robot.recv(timeout=10))
    assert policy.warm
    assert metadata[wire.PROTOCOL] == wire.PROTOCOL_VERSION
    assert metadata[wire.ACTION_HORIZON] == HORIZON
    assert metadata[wire.EMBODIMENT]["name"] == "bricks"


def test_a_client_that_only_knows_openpi_is_served(port):
    """Packs and unpacks with plain msgpack, sends no extras."""
    with openpi_connect(port, additional_headers={"Authorization": "Api-Key unchecked"}) as robot:
        robot.recv(timeout=10)
        state = np.arange(7, dtype=np.float32)
        sent = {"observation/state": openpi_array(state), "prompt": "go"}
        for turn in range(2):
            robot.send(msgpack.packb(sent))
            reply = msgpack.unpackb(robot.recv(timeout=10))
            actions = reply["actions"]
            assert actions[b"dtype"] == "<f4"
            assert actions[b"shape"] == [HORIZON, 7]
            assert actions[b"data"] == np.tile(state, (HORIZON, 1)).tobytes()
            assert reply["policy_timing"] == {"infer_ms": 1.0}
            assert ("prev_total_ms" in reply["server_timing"]) == (turn > 0)
            assert set(reply) == {"actions", "policy_timing", "server_timing"}
            assert reply["server_timing"]["first_row"] >= 1


def test_our_client_gets_its_chunk(port):
    with Client(f"ws://{HOST}:{port}", timeout_s=10) as client:
        assert client.embodiment == BRICKS
        assert (client.action_horizon, client.max_prefix) == (HORIZON, 3)
        chunk = client.infer(observation(0.5), np.zeros((2, 7)), seed=1)
    assert chunk.actions.shape == (HORIZON, 7)
    assert (chunk.actions == 0.5).all()
    assert (chunk.time_s, chunk.dt) == (3.0, BRICKS.dt)


def test_health_check(port):
    assert healthz(port) == (200, b"OK\n")


def test_the_server_stays_alive_while_it_thinks(policy, port):
    """Two seconds of thinking or two hours: pings and the health check are answered before it ends."""
    with openpi_connect(port) as robot:
        robot.recv(timeout=10)
        robot.send(request("slow"))
        assert policy.thinking.wait(10)
        assert robot.ping().wait(10)
        assert healthz(port) == (200, b"OK\n")
        with openpi_connect(port) as other:
            assert wire.unpack(other.recv(timeout=10))[wire.ACTION_HORIZON] == HORIZON
        policy.release.set()
        assert wire.ACTIONS in wire.unpack(robot.recv(timeout=10))


def test_a_frame_that_takes_long_to_unpack_holds_nobody_else_up(monkeypatch, port):
    reading, go_on = threading.Event(), threading.Event()
    unpack = wire.unpack

    def slow_unpack(frame):
        if len(frame) > 1000 and threading.current_thread() is not threading.main_thread():
            reading.set()
            assert go_on.wait(10)
        return unpack(frame)

    monkeypatch.setattr(wire, "unpack", slow_unpack)
    with openpi_connect(port) as slow, openpi_connect(port) as other:
        for robot in (slow, other):
            robot.recv(timeout=10)
        slow.send(request(padding=bytes(1000)))
        assert reading.wait(10)
        try:
            assert wire.ACTIONS in ask(other, request())
        finally:
            go_on.set()
        assert wire.ACTIONS in wire.unpack(slow.recv(timeout=10))


def test_an_answer_that_is_not_finite_is_never_sent(port):
    with openpi_connect(port) as robot:
        robot.recv(timeout=10)
        robot.send(request("nan"))
        assert robot.recv(timeout=10) == "the policy's answer has NaN or infinity in actions"
        assert wire.ACTIONS in ask(robot, request())


def test_refusals_are_short_and_their_log_is_one_line_a_second(port, caplog):
    with openpi_connect(port) as robot:
        robot.recv(timeout=10)
        for _ in range(50):
            robot.send(wire.pack({wire.PROMPT: "go", **{f"{k:0199}": k for k in range(100)}}))
            assert len(robot.recv(timeout=10)) <= 500
    assert "Traceback" not in caplog.text
    assert caplog.text.count("refused a request") < 25


def test_all_inference_happens_in_one_thread(policy, port):
    """What a policy compiled for its thread while warming up is used from there."""
    with openpi_connect(port) as robot, openpi_connect(port) as other:
        for peer in (robot, other):
            peer.recv(timeout=10)
            ask(peer, request())
    assert len(policy.threads) == 1
    assert threading.main_thread() not in policy.threads


def test_concurrent_requests_go_to_the_right_client(policy, port):
    def robot_life(number):
        with openpi_connect(port) as robot:
            robot.recv(timeout=10)
            for turn in range(5):
                reply = ask(robot, request(value=number, request_id=100 * number + turn))
                assert reply[wire.REQUEST_ID] == 100 * number + turn
                assert (reply[wire.ACTIONS] == number).all()
        return True

    with openpi_connect(port) as first, ThreadPoolExecutor(4) as robots:
        first.recv(timeout=10)
        first.send(request("slow", value=9, request_id=9))
        assert policy.thinking.wait(10)
        lives = [robots.submit(robot_life, number) for number in range(4)]
        policy.release.set()
        assert all(life.result(30) for life in lives)
        reply = wire.unpack(first.recv(timeout=10))
        assert reply[wire.REQUEST_ID] == 9
        assert (reply[wire.ACTIONS] == 9).all()


@pytest.mark.parametrize(
    ("frame", "line"),
    [
        (wire.pack({wire.PROMPT: "go"}), "request: got ['prompt'], expected observation/state"),
        (request(request_id="seven"), "request_id: got str, expected an integer"),
    ],
)
def test_a_bad_request_is_one_line_and_the_connection_stays(port, frame, line):
    with openpi_connect(port) as robot:
        robot.recv(timeout=10)
        robot.send(frame)
        assert robot.recv(timeout=10) == line
        assert wire.ACTIONS in ask(robot, request())


@pytest.mark.parametrize(("frame", "words"), [(b"\xc1", "frame: not msgpack"), ("hello", "got a text frame")])
def test_what_is_no_request_ends_the_connection(port, frame, words):
    with openpi_connect(port) as stranger:
        stranger.recv(timeout=10)
        stranger.send(frame)
        assert words in stranger.recv(timeout=10)
        with pytest.raises(ConnectionClosed) as closed:
            stranger.recv(timeout=10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1011


def test_a_bug_is_told_without_its_details_and_logged_with_them(port, caplog):
    with openpi_connect(port) as robot:
        robot.recv(timeout=10)
        robot.send(request("bug"))
        line = robot.recv(timeout=10)
        assert line == "internal error (KeyError), the server's log has the traceback"
        with pytest.raises(ConnectionClosed):
            robot.recv(timeout=10)
    assert "secret" in caplog.text
    assert "Traceback" in caplog.text
    with openpi_connect(port) as robot:
        robot.recv(timeout=10)
        assert wire.ACTIONS in ask(robot, request())


def test_a_frame_over_the_cap_is_refused(port):
    with openpi_connect(port) as robot:
        robot.recv(timeout=10)
        with pytest.raises(ConnectionClosed):
            robot.send(bytes(wire.MAX_FRAME_BYTES + 1))
            robot.recv(timeout=10)
        assert robot.close_code == 1009


def test_a_robot_that_vanishes_while_the_server_thinks_harms_nobody(policy, port):
    with openpi_connect(port) as robot:
        robot.recv(timeout=10)
        robot.send(request("slow"))
        assert policy.thinking.wait(10)
        robot.socket.shutdown(socket.SHUT_RDWR)
    policy.release.set()
    with openpi_connect(port) as other:
        other.recv(timeout=10)
        assert wire.ACTIONS in ask(other, request())


def test_api_key():
    with running(FakePolicy(), api_key="right") as port:
        for headers in ({}, {"Authorization": "Api-Key wrong"}, {"Authorization": "right"}):
            with pytest.raises(InvalidStatus) as refused, openpi_connect(port, additional_headers=headers):
                pass
            assert refused.value.response.status_code == 401
        with openpi_connect(port, additional_headers={"Authorization": "Api-Key right"}) as robot:
            assert wire.PROTOCOL in wire.unpack(robot.recv(timeout=10))
        assert healthz(port) == (200, b"OK\n")
        with pytest.raises(ServerError, match="got an API key it does not know"):
            Client(f"ws://{HOST}:{port}", api_key="wrong")
        with pytest.raises(ServerError, match="got no API key"):
            Client(f"ws://{HOST}:{port}")
        Client(f"ws://{HOST}:{port}", api_key="right").close()


def test_a_web_page_cannot_talk_to_the_server(port):
    with pytest.raises(InvalidStatus) as refused, openpi_connect(port, origin="http://evil.example"):
        pass
    assert refused.value.response.status_code == 403


def test_a_port_in_use_is_known_before_warming_up(port):
    second = FakePolicy()
    with pytest.raises(ListenError, match=f"port {port} on {HOST} is in use"), running(second, port=port):
        pass
    assert not second.warm


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"port": 99999}, "port: got 99999, expected 0"),
        ({"port": -1}, "port: got -1, expected 0"),
        ({"largest_batch": 0}, "largest batch: got 0, expected 1"),
        ({"certificate": Path("a.pem")}, "certificate a.pem and private key None, expected both"),
        (
            {"certificate": Path("a.pem"), "private_key": Path("b.pem")},
            "a.pem and b.pem are no certificate and its private key",
        ),
    ],
)
def test_what_cannot_be_served_is_one_line_before_anything_is_loaded(given, line):
    with pytest.raises(ValueError, match=line):
        Settings(**given)


def test_an_unknown_host_is_one_line():
    async def main():
        async with listening(FakePolicy(), Settings("no.such.host.invalid", 0)):
            pass

    with pytest.raises(ListenError, match=r"cannot listen on port 0 of no\.such\.host\.invalid: "):
        asyncio.run(main())


def test_a_server_that_stops_is_a_lost_connection_and_its_successor_is_found():
    with running(FakePolicy()) as port:
        client = Client(f"ws://{HOST}:{port}", timeout_s=10)
        client.infer(observation())
    with client:
        with pytest.raises(ConnectionLost):
            client.infer(observation())
        with pytest.raises(ConnectionLost):
            client.infer(observation())
        with running(FakePolicy(), port=port):
            assert (client.infer(observation(0.25)).actions == 0.25).all()


PROGRAM = """
from xr0.serve.dispatch import Question
from xr0.serve.server import Settings, serve
class Policy:
    def metadata(self): return {}
    def warm_up(self, largest_batch): pass
    def read(self, request): return Question(None, None)
    def infer(self, questions): return [{} for _ in questions]
serve(Policy(), Settings(port=0))
print("clean")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_program_announces_its_port_and_stops_when_told(number):
    program = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
    try:
        assert program.stdout is not None
        line = program.stdout.readline()
        assert line.startswith("xr0 serving on ws://127.0.0.1:")
        with openpi_connect(int(line.rsplit(":", 1)[1])) as robot:
            robot.recv(timeout=10)
            program.send_signal(number)
            with pytest.raises(ConnectionClosed) as closed:
                robot.recv(timeout=10)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1001
        assert program.stdout.read() == "clean\n"
        assert program.wait(10) == 0
    finally:
        program.kill()
        program.communicate()
