"""The tactile client against a scripted server."""

import contextlib
import threading

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from xr0_robot import wire
from xr0_robot.link import ConnectionLost, ServerError
from xr0_robot.touch.client import TactileClient
from xr0_robot.touch.sensor import messages
from xr0_robot.touch.sensor.pads import TactileReading

METADATA = {wire.PROTOCOL: wire.PROTOCOL_VERSION, messages.FINGERS: ["left", "right"]}
CURRENT = TactileReading(("left", "right"), np.full((2, 11, 9), 7, np.uint8), np.array([9.5]))
GOAL = TactileReading(("left", "right"), np.full((2, 11, 9), 8, np.uint8), np.array([9.0]))


def predict(request):
    """The mean difference of the images, as a y."""
    current, goal = messages.readings(request)
    w = np.array([0.0, float(current.images.mean() - goal.images.mean()), 0, 0, 0, 0])
    return messages.answer(w, np.full(6, 0.1))


@contextlib.contextmanager
def server(reply=predict, metadata=METADATA, answers=10**6):
    """Yields a url; each connection is closed after `answers` answers."""

    def handler(connection):
        with contextlib.suppress(ConnectionClosed):
            connection.send(wire.pack(metadata))
            for _, frame in zip(range(answers), connection, strict=False):
                request = wire.unpack(frame)
                told = reply(request)
                if isinstance(told, dict):
                    told = wire.pack({**told, wire.REQUEST_ID: request[wire.REQUEST_ID]})
                connection.send(told)

    with serve(handler, "127.0.0.1", 0, close_timeout=1) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{running.socket.getsockname()[1]}"
        finally:
            running.shutdown()
            thread.join()


def test_readings_go_out_and_the_increment_comes_back():
    with server() as url, TactileClient(url) as client:
        w, sigma = client.predict(CURRENT, GOAL)
    assert w.tolist() == [0.0, -1.0, 0.0, 0.0, 0.0, 0.0] and sigma.tolist() == [0.1] * 6


def test_after_a_loss_the_next_question_connects_anew():
    """Each connection gives one answer, so every other question at least is asked on a new one."""
    answered = 0
    with server(answers=1) as url, TactileClient(url) as client:
        for _ in range(4):
            with contextlib.suppress(ConnectionLost):  # it may not know yet that the server has hung up
                assert client.predict(CURRENT, GOAL)[0][1] == -1.0
                answered += 1
    assert answered >= 2


@pytest.mark.parametrize(
    "reply, reason",
    [
        (lambda request: "goal: recorded with other fingers", "goal: recorded with other fingers"),
        (lambda request: {messages.INCREMENT: np.zeros(6)}, "tactile/sigma: got"),
        (lambda request: messages.answer(np.full(6, np.nan), np.zeros(6)), "got NaN"),
    ],
)
def test_a_refusal_or_an_answer_that_is_none_is_one_line(reply, reason):
    with server(reply) as url, TactileClient(url) as client, pytest.raises(ServerError, match=reason):
        client.predict(CURRENT, GOAL)


def test_a_server_of_something_else_is_refused():
    other = {wire.PROTOCOL: wire.PROTOCOL_VERSION}
    with server(metadata=other) as url, pytest.raises(ServerError, match="expected 'tactile/fingers'"):
        TactileClient(url)
