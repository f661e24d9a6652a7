"""Many robots at one server: who shares a batch, who goes first, who is told to come again."""

import contextlib
import http.client
import json
import logging
import ssl
import subprocess
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from served import HOST, running
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from xr0.serve import logs
from xr0.serve.dispatch import REFUSALS_PER_S, Question
from xr0.serve.keys import Group
from xr0.serve.server import Settings
from xr0_robot import wire
from xr0_robot.client import Client, NotNow
from xr0_robot.deadlines import Urgency
from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.types import Observation

HORIZON = 5


class Gated:
    """Answers a number with itself. The number -1 is thought about until `release`; -2 makes it fail; what is
    asked of "slowly" takes that long."""

    def __init__(self):
        self.thinking, self.release = threading.Event(), threading.Event()
        self.batches = []
        self.read_all = threading.Semaphore(0)

    def metadata(self):
        return {
            wire.EMBODIMENT: BRICKS.to_dict(),
            wire.ACTION_HORIZON: HORIZON,
            wire.MAX_PREFIX: 3,
            wire.CHECKPOINT: {"name": "gated", "fingerprint": "0"},
        }

    def warm_up(self, largest_batch):
        pass

    def read(self, request):
        self.read_all.release()
        return Question(request.get("bucket"), int(request[wire.STATE][0]))

    def infer(self, questions):
        self.batches.append(list(questions))
        if -1 in questions:
            self.thinking.set()
            assert self.release.wait(30)
        if -2 in questions:
            raise KeyError("secret")
        if -3 in questions:
            return [{wire.ACTIONS: object()}]
        return [{wire.ACTIONS: np.full((HORIZON, 7), number, np.float32)} for number in questions]


@pytest.fixture
def policy():
    made = Gated()
    yield made
    made.release.set()


def frame(number, **extra):
    return wire.pack({wire.STATE: np.full(7, float(number)), wire.PROMPT: "go", **extra})


def answered(robot):
    """The number, or the line that refuses it."""
    reply = robot.recv(timeout=20)
    return reply if isinstance(reply, str) else int(wire.unpack(reply)[wire.ACTIONS][0, 0])


@contextlib.contextmanager
def robots(port, count, **options):
    """So many connections, their metadata read."""
    with contextlib.ExitStack() as stack:
        made = [stack.enter_context(connect(f"ws://{HOST}:{port}", **options)) for _ in range(count)]
        for robot in made:
            robot.recv(timeout=20)
        yield made


def busy(policy, robot):
    """The policy thinks until it is released; what is asked meanwhile waits."""
    robot.send(frame(-1))
    assert policy.thinking.wait(20)
    assert policy.read_all.acquire(timeout=20)


def ask(policy, robot, number, **extra):
    """Sent, and read by the server."""
    robot.send(frame(number, **extra))
    assert policy.read_all.acquire(timeout=20)


def released(policy):
    time.sleep(0.05)  # what was read last is with the scheduler
    policy.release.set()


def test_what_is_asked_meanwhile_is_answered_together_each_to_its_own_robot(policy):
    with running(policy) as port, robots(port, 6) as (first, *others):
        busy(policy, first)
        for number, robot in enumerate(others):
            ask(policy, robot, number, bucket=number % 2)
        released(policy)
        assert answered(first) == -1
        assert [answered(robot) for robot in others] == [0, 1, 2, 3, 4]
    assert policy.batches == [[-1], [0, 2, 4], [1, 3]]


def test_the_plan_that_ends_first_goes_first(policy):
    with running(policy, settings=Settings(port=0, largest_batch=1)) as port, robots(port, 4) as made:
        busy(policy, made[0])
        for number, deadline_ms in ((1, None), (2, 9000), (3, 1000)):
            extra = {} if deadline_ms is None else {wire.DEADLINE_MS: deadline_ms}
            ask(policy, made[number], number, **extra)
        released(policy)
        assert [answered(robot) for robot in made[1:]] == [1, 2, 3]
    assert policy.batches == [[-1], [3], [2], [1]]


def test_one_that_makes_the_policy_fail_costs_the_others_nothing(policy):
    with running(policy) as port, robots(port, 4) as (first, *others):
        busy(policy, first)
        for number, robot in zip((1, -2, 3), others, strict=True):
            ask(policy, robot, number)
        released(policy)
        assert answered(others[0]) == 1
        assert answered(others[2]) == 3
        assert answered(others[1]) == "internal error (KeyError), the server's log has the traceback"


def test_an_answer_that_cannot_be_packed_ends_its_client_alone(policy):
    policy.release.set()
    with running(policy) as port, robots(port, 2) as (one, other):
        one.send(frame(-3))
        assert answered(one) == "internal error (RuntimeError), the server's log has the traceback"
        other.send(frame(1))
        assert answered(other) == 1


def test_a_newer_observation_is_answered_instead_of_the_older(policy):
    with running(policy) as port, robots(port, 2) as (first, robot):
        busy(policy, first)
        for number in (1, 2):
            ask(policy, robot, number)
        assert answered(robot) == "not now: a newer request of this robot is here"
        released(policy)
        assert answered(robot) == 2
    assert policy.batches == [[-1], [2]]


def test_what_would_be_answered_too_late_is_not_computed(policy):
    with running(policy) as port, robots(port, 2) as (first, robot):
        busy(policy, first)
        ask(policy, robot, 1, deadline_ms=5, expires_ms=10)
        released(policy)
        assert answered(robot).startswith("not now: the answer would come too late to be of use")
        ask(policy, robot, 2, deadline_ms=5000, expires_ms=10_000)
        assert answered(robot) == 2
    assert policy.batches == [[-1], [2]]


def test_a_full_server_says_so_and_serves_on(policy):
    """Half a second a batch of one, and plans of 0.6 s: there is room for one robot."""
    policy.release.set()
    infer = policy.infer
    policy.infer = lambda questions: (time.sleep(0.5), infer(questions))[1]
    with running(policy, settings=Settings(port=0, largest_batch=1)) as port, robots(port, 3) as made:
        one, another, patient = made
        ask(policy, one, 1, deadline_ms=600)
        assert answered(one) == 1
        ask(policy, another, 2, deadline_ms=600)
        line = answered(another)
        assert line.startswith("not now: the server is full: 1 robots take 1")
        assert line.endswith("they would not all be answered before their plans run out")
        ask(policy, one, 3, deadline_ms=600)
        assert answered(one) == 3
        ask(policy, patient, 4)
        assert answered(patient) == 4


def test_a_crowd_that_finds_the_server_full_is_told_so_at_a_pace_that_it_can_bear(policy):
    """Each would ask again at once."""
    policy.release.set()
    infer = policy.infer
    policy.infer = lambda questions: (time.sleep(0.5), infer(questions))[1]
    with (
        running(policy, settings=Settings(port=0, largest_batch=1)) as port,
        robots(port, 21) as (one, *crowd),
    ):
        ask(policy, one, 1, deadline_ms=600)
        assert answered(one) == 1
        start_s = time.monotonic()
        for robot in crowd:
            robot.send(frame(2, deadline_ms=600))
        assert all(answered(robot).startswith("not now: the server is full") for robot in crowd)
        assert time.monotonic() - start_s >= (len(crowd) - 1) / REFUSALS_PER_S


def test_times_and_the_first_row_of_use_are_told(policy):
    policy.release.set()
    infer = policy.infer
    policy.infer = lambda questions: (time.sleep(0.2), infer(questions))[1]
    with running(policy) as port, robots(port, 1) as (robot,):
        robot.send(frame(1))
        timing = wire.unpack(robot.recv(timeout=20))[wire.SERVER_TIMING]
    assert 0.0 <= timing[wire.QUEUE_MS] <= timing[wire.INFER_MS]
    assert timing[wire.INFER_MS] >= 200.0
    passed_s = (timing[wire.QUEUE_MS] + timing[wire.INFER_MS]) / 1e3
    assert timing[wire.FIRST_ROW] - 1 < passed_s * BRICKS.rate_hz <= timing[wire.FIRST_ROW]


@pytest.mark.parametrize("key", [wire.DEADLINE_MS, wire.EXPIRES_MS])
@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), 2e9, "soon", True, [1], np.zeros(3)])
def test_a_deadline_that_is_none_is_one_line(policy, key, value):
    policy.release.set()
    with running(policy) as port, robots(port, 1) as (robot,):
        robot.send(frame(1, **{key: value}))
        assert f"{key}: got " in (line := answered(robot))
        assert line.endswith("expected a number from 0 to 1e+09")
        robot.send(frame(2, **{key: np.float32(50.0)}))
        assert answered(robot) == 2


def observation():
    images = {camera.key: np.zeros((camera.height, camera.width, 3), np.uint8) for camera in BRICKS.cameras}
    return Observation(images, np.ones(7), "go", 3.0)


def test_our_client_tells_its_deadline_and_can_ask_again(policy):
    with running(policy) as port, robots(port, 1) as (first,), Client(f"ws://{HOST}:{port}") as client:
        busy(policy, first)
        threading.Timer(0.2, policy.release.set).start()
        with pytest.raises(NotNow, match="not now: the answer would come too late to be of use"):
            client.infer(observation(), urgency=Urgency(0.0, 0.01))
        chunk = client.infer(observation(), urgency=Urgency(5.0, 9.0))
    assert (chunk.actions == 1.0).all()


def test_a_server_that_is_told_to_stop_answers_what_is_here_and_nothing_more(policy):
    with robots_at(policy) as (first, waiting, late, stop):
        busy(policy, first)
        ask(policy, waiting, 1)
        stop()
        time.sleep(0.2)
        late.send(frame(2))
        assert answered(late) == "not now: the server is stopping"
        policy.release.set()
        assert [answered(first), answered(waiting)] == [-1, 1]
        for robot in (first, waiting):
            with pytest.raises(ConnectionClosed) as closed:
                robot.recv(timeout=20)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1001


@contextlib.contextmanager
def robots_at(policy):
    """Three of them, and what makes their server stop."""
    done, stopping = threading.Event(), threading.Event()
    ports = []

    def serve():
        with running(policy) as port:
            ports.append(port)
            done.set()
            stopping.wait(30)

    thread = threading.Thread(target=serve)
    thread.start()
    assert done.wait(30)
    with robots(ports[0], 3) as made:
        try:
            yield *made, stopping.set
        finally:
            stopping.set()
            policy.release.set()
    thread.join(30)


def get(port, path, **headers):
    plain = http.client.HTTPConnection(HOST, port, timeout=20)
    with contextlib.closing(plain):
        plain.request("GET", path, headers=headers)
        response = plain.getresponse()
        return response.status, response.getheader("Content-Type"), response.read().decode()


def test_metrics_count_what_came_of_requests(policy):
    policy.release.set()
    with running(policy) as port, robots(port, 2) as (one, other):
        for number in (1, 2, -2):
            one.send(frame(number, deadline_ms=1e-3))
            answered(one)
        other.send(frame(1, deadline_ms="soon"))
        answered(other)
        status, kind, text = get(port, "/metrics")
    assert (status, kind.split(";")[0]) == (200, "text/plain")
    lines = text.splitlines()
    for line in (
        'xr0_requests_total{outcome="answered"} 2.0',
        'xr0_requests_total{outcome="failed"} 1.0',
        'xr0_requests_total{outcome="refused"} 1.0',
        "xr0_deadlines_missed_total 3.0",
        "xr0_batch_size_sum 3.0",
        "xr0_queue_seconds_count 3.0",
    ):
        assert line in lines
    assert "anybody" not in text


def test_keys_have_limits_of_their_own(policy):
    policy.release.set()
    groups = (Group("cell", "red", robots=1), Group("lab", "blue", requests_per_s=1.0))
    with running(policy, settings=Settings(port=0, groups=groups)) as port:
        red, blue = ({"Authorization": f"Api-Key {key}"} for key in ("red", "blue"))
        assert get(port, "/metrics")[0] == 401
        assert get(port, "/metrics", **red)[0] == 200
        with robots(port, 1, additional_headers=red) as (cell,):
            with connect(f"ws://{HOST}:{port}", additional_headers=red) as second:
                assert second.recv(timeout=20) == "not now: cell has 1 robots connected, its limit is 1"
            with robots(port, 2, additional_headers=blue) as (lab, _):
                lab.send(frame(1))
                assert answered(lab) == 1
                lab.send(frame(2))
                assert answered(lab) == "not now: lab asks more than 1 times a second, its limit"
            for number in range(5):
                cell.send(frame(number))
                assert answered(cell) == number
        with robots(port, 1, additional_headers=red):
            pass


def test_tls(policy, tmp_path, monkeypatch):
    policy.release.set()
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    made = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1"
    subject = ["-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*made.split(), *subject, *files], check=True, capture_output=True)
    with running(policy, settings=Settings(port=0, certificate=certificate, private_key=key)) as port:
        with pytest.raises(ssl.SSLCertVerificationError), connect(f"wss://{HOST}:{port}"):
            pass
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with Client(f"wss://{HOST}:{port}") as client:
            assert (client.infer(observation()).actions == 1.0).all()


def test_the_log_is_a_json_object_a_line(policy, tmp_path):
    path = tmp_path / "logs" / "serve.jsonl"
    served = running(policy, settings=Settings(port=0))
    with logs.to_file(path), served as port, robots(port, 1) as (robot,):
        robot.send(frame(-2))
        answered(robot)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    (came,) = [line for line in lines if line["message"] == "connected"]
    assert (came["key"], came["level"]) == ("anybody", "INFO")
    assert [line["robot"] for line in lines if line["message"] == "left"] == [came["robot"]]
    assert any("KeyError: 'secret'" in line.get("traceback", "") for line in lines)
    logging.getLogger("xr0.serve").info("not in the file any more")
    assert len(path.read_text().splitlines()) == len(lines)


def test_files_of_keys_are_read_and_refused_in_one_line(tmp_path):
    from xr0.serve import keys

    def written(content: object) -> Path:
        path = tmp_path / "keys.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    good = {"cell": {"key": "a", "robots": 8}, "lab": {"key": "b", "requests_per_s": 40.5}}
    assert keys.groups(None, written(good)) == (
        Group("cell", "a", 8, None),
        Group("lab", "b", None, 40.5),
    )
    assert keys.groups("a", None) == (Group("default", "a"),)
    for content, line in (
        ("{", "is not JSON"),
        ({}, "holds no groups"),
        ([1], "holds no groups"),
        ({"cell": "a"}, "'cell' has str, expected a key"),
        ({"cell": {"robots": 1}}, r"'cell' has \['robots'\], expected a key"),
        ({"cell": {"key": "a", "robot": 1}}, "expected a key .* and some of robots, requests_per_s"),
        ({"cell": {"key": ""}}, "has a key that is empty"),
        ({"cell": {"key": "a\n"}}, "has a key that is empty or not plain"),
        ({"cell": {"key": "a", "robots": 0}}, "has a limit of 0"),
        ({"cell": {"key": "a", "requests_per_s": -1}}, "has a limit of -1"),
        ({"cell": {"key": "a", "robots": True}}, "has robots True"),
        ({"cell": {"key": "a", "requests_per_s": "x"}}, "requests_per_s 'x'"),
        ({"cell": {"key": "a"}, "lab": {"key": "a"}}, "has one key twice"),
    ):
        with pytest.raises(ValueError, match=line):
            keys.groups(None, written(content))
    with pytest.raises(ValueError, match="cannot read"):
        keys.groups(None, tmp_path / "none.json")
    with pytest.raises(ValueError, match="got an API key and a file of keys"):
        keys.groups("a", written(good))


def test_a_rate_is_kept_over_time_with_a_second_saved_up():
    from xr0.serve.keys import Counted

    counted = Counted(Group("cell", "a", requests_per_s=10.0))
    spent = [counted.spend(5.0) is None for _ in range(12)]
    assert spent == [True] * 10 + [False] * 2
    assert [counted.spend(5.05), counted.spend(5.11) is None] == [
        "cell asks more than 10 times a second, its limit",
        True,
    ]
    assert sum(counted.spend(5.11 + k / 100) is None for k in range(1, 301)) == 30
