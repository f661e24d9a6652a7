"""The client against a scripted server: what it sends, what it accepts, and how it fails."""

import contextlib
import dataclasses
import socket
import threading
import time

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.sync.server import serve

from xr0_robot import wire
from xr0_robot.client import Client, ConnectionLost, NotNow, ServerError
from xr0_robot.deadlines import Urgency
from xr0_robot.link import Link
from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.types import Camera, Guide, Observation

HOST = "127.0.0.1"
HORIZON = 4
METADATA = {
    wire.PROTOCOL: wire.PROTOCOL_VERSION,
    wire.EMBODIMENT: BRICKS.to_dict(),
    wire.ACTION_HORIZON: HORIZON,
    wire.MAX_PREFIX: 2,
    wire.CONTRACT: {},
    wire.CHECKPOINT: {"name": "fake", "fingerprint": "0"},
}
ACTIONS = np.arange(HORIZON * 7, dtype=np.float32).reshape(HORIZON, 7)


def answer(request, actions=ACTIONS):
    return wire.pack({wire.ACTIONS: actions, wire.REQUEST_ID: request[wire.REQUEST_ID]})


def answer_all(connection):
    for frame in connection:
        connection.send(answer(wire.unpack(frame)))


@contextlib.contextmanager
def server(script=answer_all, metadata=METADATA, port=0):
    """A server whose connections send `metadata`, then run `script(connection)`; yields its port."""

    def handler(connection):
        with contextlib.suppress(ConnectionClosed):
            connection.send(wire.pack(metadata))
            script(connection)

    with serve(handler, HOST, port, compression=None, max_size=None, close_timeout=1) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        try:
            yield running.socket.getsockname()[1]
        finally:
            running.shutdown()
            thread.join()


def connected(port, timeout_s=10.0, connect_timeout_s=10.0):
    return Client(f"ws://{HOST}:{port}", timeout_s, connect_timeout_s=connect_timeout_s)


def observation(**changes):
    images = {
        camera.key: np.full((camera.height, camera.width, 3), index, np.uint8)
        for index, camera in enumerate(BRICKS.cameras)
    }
    return Observation(
        **{"images": images, "state": np.arange(7.0), "instruction": "go", "time_s": 8.0, **changes}
    )


def test_a_request_carries_the_observation_and_the_extras():
    seen = []

    def script(connection):
        for frame in connection:
            seen.append(wire.unpack(frame))
            connection.send(answer(seen[-1]))

    prefix = np.full((2, 7), 0.5)
    with server(script) as port, connected(port) as client:
        chunk = client.infer(observation(), prefix, seed=11)
        client.infer(observation())
    first, second = seen
    assert (first["observation/images/base"] == 0).all()
    assert first["observation/images/wrist"].shape == (128, 128, 3)
    assert (first["observation/images/wrist"] == 1).all()
    np.testing.assert_array_equal(first["observation/state"], np.arange(7.0))
    np.testing.assert_array_equal(first["prefix"], prefix)
    assert (first["prompt"], first["seed"]) == ("go", 11)
    assert "inference_delay" not in first
    assert set(second) == set(first) - {"prefix", "seed"}
    assert second["request_id"] != first["request_id"]
    np.testing.assert_array_equal(chunk.actions, ACTIONS)
    assert (chunk.time_s, chunk.dt) == (8.0, BRICKS.dt)
    assert chunk.infer_s > 0


def test_how_soon_an_answer_is_wanted_travels_in_milliseconds():
    seen = []

    def script(connection):
        for frame in connection:
            seen.append(wire.unpack(frame))
            connection.send(answer(seen[-1]))

    guide = Guide(np.zeros((3, 7)), 2, "gradient")
    with server(script, GUIDED) as port, connected(port, timeout_s=5.0) as client:
        client.infer(observation(), urgency=Urgency(0.25, 1.25))
        client.infer_guided(observation(), guide, urgency=Urgency(0.0, float("inf")))
        client.infer(observation())
    assert [request.get("deadline_ms") for request in seen] == [250.0, 0.0, None]
    assert [request.get("expires_ms") for request in seen] == [1250.0, 5000.0, None]


@pytest.mark.parametrize(
    ("plan_s", "useful_s"), [(-0.1, 1.0), (1.0, 0.5), (float("nan"), 1.0), (1e999, 1e999)]
)
def test_an_urgency_that_makes_no_sense_is_one_line(plan_s, useful_s):
    with pytest.raises(ValueError, match="urgency: got a plan of"):
        Urgency(plan_s, useful_s)


def test_a_refusal_for_this_moment_is_no_loss_of_the_connection_and_the_next_request_is_answered():
    def script(connection):
        connection.recv()
        connection.send("not now: the server is full")
        answer_all(connection)

    with server(script) as port, connected(port) as client:
        with pytest.raises(NotNow, match="not now: the server is full"):
            client.infer(observation())
        assert client.infer(observation()).actions.shape == ACTIONS.shape


def test_a_server_that_has_no_room_yet_is_waited_for():
    turns = []

    def handler(connection):
        turns.append(1)
        connection.send(wire.pack(METADATA) if len(turns) > 2 else "not now: cell has 8 robots connected")
        with contextlib.suppress(ConnectionClosed):
            connection.recv()

    with serve(handler, HOST, 0, compression=None, close_timeout=1) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        connected(running.socket.getsockname()[1]).close()
        with pytest.raises(ConnectionLost, match=r"cell has 8 robots connected; gave up after 0\.1 s"):
            turns[:] = []
            connected(running.socket.getsockname()[1], connect_timeout_s=0.1)
        running.shutdown()
        thread.join()
    assert turns == [1]


GUIDED = {**METADATA, wire.GUIDANCE: ["gradient", "telepathy"]}


def test_a_guide_goes_to_a_server_that_is_led_so_and_to_no_other():
    seen = []

    def script(connection):
        for frame in connection:
            seen.append(wire.unpack(frame))
            connection.send(answer(seen[-1]))

    rows = np.arange(21.0).reshape(3, 7)
    with server(script, GUIDED) as port, connected(port) as client:
        assert client.guidance == ("gradient",)
        client.infer_guided(observation(), Guide(rows, 2, "gradient"), seed=3)
        with pytest.raises(ValueError, match="guide: got one by ramp, this server takes gradient"):
            client.infer_guided(observation(), Guide(rows, 2, "ramp"))
        with pytest.raises(ValueError, match=r"guide: got shape \(5, 7\), expected \[at most 4, 7\]"):
            client.infer_guided(observation(), Guide(np.zeros((5, 7)), 2, "gradient"))
    (sent,) = seen
    np.testing.assert_array_equal(sent["guide"], rows)
    assert (sent["guide_delay"], sent["guided_by"], sent["seed"]) == (2, "gradient", 3)
    assert "prefix" not in sent
    with server() as port, connected(port) as client:
        assert client.guidance == ()
        with pytest.raises(ValueError, match="this server takes none"):
            client.infer_guided(observation(), Guide(rows, 2, "gradient"))


@pytest.mark.parametrize(
    ("changes", "extras", "words"),
    [
        (
            {"images": {"base": np.zeros((128, 128, 3), np.uint8)}},
            {},
            r"got cameras \['base'\], expected \['base', 'wr",
        ),
        (
            {"images": {key: np.zeros((64, 128, 3), np.uint8) for key in ("base", "wrist")}},
            {},
            r"camera 'base': got uint8 of shape \(64, 128, 3\), expected uint8 \(128, 128, 3\)",
        ),
        ({"state": np.zeros(6)}, {}, r"state: got float64 of shape \(6,\), expected numbers of shape \(7,\)"),
        ({"state": np.full(7, np.nan)}, {}, "state: got NaN"),
        ({}, {"prefix": np.zeros((3, 7))}, r"prefix: got shape \(3, 7\), expected \[at most 2, 7\]"),
        ({}, {"prefix": np.zeros((1, 6))}, r"prefix: got shape \(1, 6\)"),
        ({}, {"prefix": np.full((1, 7), np.inf)}, "prefix: got NaN or infinity"),
        ({}, {"seed": -1}, "seed: got -1"),
    ],
)
def test_what_does_not_fit_the_embodiment_is_not_sent(changes, extras, words):
    seen = []

    def script(connection):
        for frame in connection:
            seen.append(frame)
            connection.send(answer(wire.unpack(frame)))

    with server(script) as port, connected(port) as client:
        with pytest.raises(ValueError, match=words):
            client.infer(observation(**changes), **extras)
        client.infer(observation())
    assert len(seen) == 1


def test_a_camera_without_a_size_takes_pictures_of_any():
    """As in every robot of the released checkpoints."""
    cameras = tuple(Camera(camera.key, camera.title, None, None) for camera in BRICKS.cameras)
    anything = dataclasses.replace(BRICKS, cameras=cameras)
    seen = []

    def script(connection):
        for frame in connection:
            seen.append(wire.unpack(frame))
            connection.send(answer(seen[-1]))

    images = {"base": np.zeros((48, 64, 3), np.uint8), "wrist": np.zeros((31, 17, 3), np.uint8)}
    with (
        server(script, {**METADATA, wire.EMBODIMENT: anything.to_dict()}) as port,
        connected(port) as client,
    ):
        client.infer(observation(images=images))
    assert seen[0]["observation/images/wrist"].shape == (31, 17, 3)


def test_a_refusal_is_one_line_and_the_connection_goes_on():
    def script(connection):
        connection.recv()
        connection.send("state: got 7 numbers,\n  expected 8")
        answer_all(connection)

    with server(script) as port, connected(port) as client:
        with pytest.raises(ServerError, match=r"^policy server ws://\S+: state: got 7 numbers, expected 8$"):
            client.infer(observation())
        client.infer(observation())


def test_a_silent_server_is_a_lost_connection():
    with (
        server(lambda connection: connection.recv() and connection.recv()) as port,
        connected(port, timeout_s=0.05) as client,
        pytest.raises(ConnectionLost, match=r"^policy server ws://\S+: silent for 0\.\d\d s$"),
    ):
        client.infer(observation())


def test_late_answers_are_dropped():
    """They come as data and as refusals; neither may be taken for the answer to a later request."""
    go_on = threading.Event()

    def script(connection):
        late = [wire.unpack(connection.recv()) for _ in range(2)]
        assert go_on.wait(10)
        connection.send(answer(late[0], actions=ACTIONS + 100))
        connection.send("late: refused")
        answer_all(connection)

    def soon(seconds):
        return time.monotonic() + seconds

    with server(script) as port:
        link = Link(f"ws://{HOST}:{port}", None, soon(10), send_timeout_s=10)
        for number in (1, 2):
            with pytest.raises(ConnectionLost, match="silent"):
                link.ask({wire.REQUEST_ID: number}, soon(0.05))
        go_on.set()
        for number in (3, 4):
            np.testing.assert_array_equal(
                link.ask({wire.REQUEST_ID: number}, soon(10))[wire.ACTIONS], ACTIONS
            )
        link.close()


def test_an_answer_to_another_request_is_dropped():
    def script(connection):
        for frame in connection:
            request = wire.unpack(frame)
            connection.send(answer({wire.REQUEST_ID: request[wire.REQUEST_ID] + 1}, actions=ACTIONS + 100))
            connection.send(answer(request))

    with server(script) as port, connected(port) as client:
        np.testing.assert_array_equal(client.infer(observation()).actions, ACTIONS)


def test_a_lost_server_is_told_once_and_then_connected_anew():
    connections = []

    def script(connection):
        connections.append(connection)
        if len(connections) == 1:
            connection.recv()
            connection.close_socket()
        answer_all(connection)

    with server(script) as port, connected(port) as client:
        with pytest.raises(
            ConnectionLost, match=r"^policy server ws://127.0.0.1:\d+: connection lost \([^\n]*\)$"
        ):
            client.infer(observation())
        np.testing.assert_array_equal(client.infer(observation()).actions, ACTIONS)
    assert len(connections) == 2


def test_a_server_that_came_back_as_another_is_refused():
    with server(lambda connection: connection.send(answer(wire.unpack(connection.recv())))) as port:
        client = connected(port)
        client.infer(observation())
    changed = {**METADATA, wire.CHECKPOINT: {"name": "fake", "fingerprint": "1"}}
    with client:
        with pytest.raises(ConnectionLost):
            client.infer(observation())
        with (
            server(metadata=changed, port=port),
            pytest.raises(ServerError, match="came back with another checkpoint"),
        ):
            client.infer(observation())


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({}, "got metadata with protocol None"),
        ({**METADATA, wire.PROTOCOL: 99}, "got metadata with protocol 99"),
        ({key: METADATA[key] for key in METADATA if key != wire.EMBODIMENT}, r"without \['embodiment'\]"),
        ({**METADATA, wire.EMBODIMENT: {"name": "x"}}, "embodiment: "),
        ({**METADATA, wire.ACTION_HORIZON: 2.5}, "got action_horizon 2.5"),
    ],
)
def test_a_server_that_is_not_ours_is_refused(metadata, words):
    with server(metadata=metadata) as port, pytest.raises(ServerError, match=words):
        connected(port)


@pytest.mark.parametrize(
    ("actions", "words"),
    [
        (ACTIONS[:-1], r"got actions float32 of \(3, 7\), expected floats of \(4, 7\)"),
        (np.full_like(ACTIONS, np.nan), "got NaN or infinity"),
        (ACTIONS.astype(np.int32), "got actions int32"),
        (None, "got actions None"),
    ],
)
def test_actions_that_are_no_chunk_are_refused(actions, words):
    def script(connection):
        for frame in connection:
            connection.send(answer(wire.unpack(frame), actions))

    with server(script) as port, connected(port) as client, pytest.raises(ServerError, match=words):
        client.infer(observation())


def test_an_answer_that_cannot_be_read_is_a_server_error():
    def script(connection):
        connection.recv()
        connection.send(b"\xc1")

    with server(script) as port, connected(port) as client, pytest.raises(ServerError, match="frame: "):
        client.infer(observation())


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def test_no_server_is_one_line_after_a_bounded_wait():
    port = free_port()
    with pytest.raises(
        ConnectionLost, match=rf"^policy server ws://{HOST}:{port}: .*; gave up after 0\.3 s$"
    ):
        connected(port, connect_timeout_s=0.3)


def test_a_server_that_accepts_and_says_nothing_is_left():
    with socket.create_server((HOST, 0)) as mute, pytest.raises(ConnectionLost, match="gave up after"):
        connected(mute.getsockname()[1], connect_timeout_s=0.3)


def test_a_server_that_starts_late_is_waited_for():
    port = free_port()
    clients = []
    waiting = threading.Thread(target=lambda: clients.append(connected(port)))
    waiting.start()
    with server(port=port):
        waiting.join(10)
        with clients[0] as client:
            np.testing.assert_array_equal(client.infer(observation()).actions, ACTIONS)


def test_a_malformed_url_is_a_value_error():
    with pytest.raises(ValueError, match=r"got '127\.0\.0\.1:8000', expected one like ws://"):
        Client("127.0.0.1:8000")


def test_close_ends_an_infer_in_another_thread():
    asked = threading.Event()
    errors = []

    def script(connection):
        connection.recv()
        asked.set()
        connection.recv()

    def infer():
        try:
            client.infer(observation())
        except ConnectionLost as error:
            errors.append(error)

    with server(script) as port:
        client = connected(port)
        waiting = threading.Thread(target=infer)
        waiting.start()
        assert asked.wait(10)
        client.close()
        waiting.join(10)
        assert len(errors) == 1
        with pytest.raises(ConnectionLost, match="this client is closed"):
            client.infer(observation())


def test_threads_that_share_a_client_get_their_own_answers():
    def script(connection):
        for frame in connection:
            request = wire.unpack(frame)
            connection.send(answer(request, ACTIONS * 0 + request[wire.STATE][0].astype(np.float32)))

    def infer_often(value):
        for _ in range(5):
            chunk = client.infer(observation(state=np.full(7, value)))
            right.append(bool((chunk.actions == value).all()))

    right = []
    with server(script) as port, connected(port) as client:
        threads = [threading.Thread(target=infer_often, args=(value,)) for value in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert right == [True] * 20


def test_a_stopped_server_cannot_block_a_send_for_ever():
    """It shook hands, then reads no more: frames fill the buffers between, and a plain send would wait."""
    camera = Camera("base", "Base View", 4000, 4000)
    large = dataclasses.replace(BRICKS, cameras=(camera,))

    def shake_hands_then_stop():
        peer, _ = listener.accept()
        protocol = ServerProtocol()
        while not (requests := protocol.events_received()):
            protocol.receive_data(peer.recv(2**16))
        assert isinstance(requests[0], Request)
        protocol.send_response(protocol.accept(requests[0]))
        protocol.send_binary(wire.pack({**METADATA, wire.EMBODIMENT: large.to_dict()}))
        peer.sendall(b"".join(protocol.data_to_send()))
        stopped.append(peer)

    stopped = []
    image = np.zeros((camera.height, camera.width, 3), np.uint8)
    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=shake_hands_then_stop)
        thread.start()
        with connected(listener.getsockname()[1], timeout_s=0.3) as client:
            thread.join(10)
            with pytest.raises(ConnectionLost):
                client.infer(observation(images={"base": image}))
        stopped[0].close()
