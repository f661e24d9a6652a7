"""What other robots do wrong, or all at once, costs a robot at work no answer."""

import asyncio
import contextlib
import http.client
import threading

import numpy as np
from faults.marching import ROBOT, Marching
from served import HOST, running
from websockets.asyncio.client import connect as connect_async
from websockets.sync.client import connect

from xr0.serve.keys import Group
from xr0.serve.server import Settings
from xr0_robot import wire
from xr0_robot.client import Client
from xr0_robot.deadlines import Urgency
from xr0_robot.types import Observation

PICTURES = {camera.key: np.zeros((*camera.size, 3), np.uint8) for camera in ROBOT.cameras}
URGENCY = Urgency(5.0, 9.0)
"""A busy machine is no failure."""


@contextlib.contextmanager
def at_work(port, key=None):
    """A robot asks one thing after another until the context is left; each must be answered."""
    done, answers, failures = threading.Event(), [], []

    def work(client):
        try:
            while not done.is_set():
                answers.append(
                    client.infer(Observation(PICTURES, np.full(7, 0.2), "go", 0.0), urgency=URGENCY)
                )
        except (OSError, RuntimeError) as error:
            failures.append(error)

    with Client(f"ws://{HOST}:{port}", api_key=key) as client:
        thread = threading.Thread(target=work, args=(client,))
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join(30)
    assert not failures
    assert answers


def frame(**extra):
    images = {wire.image_key(key): image for key, image in PICTURES.items()}
    return wire.pack({**images, wire.STATE: np.full(7, 0.2), wire.PROMPT: "go", **extra})


def connections(port):
    """By the server's own count."""
    plain = http.client.HTTPConnection(HOST, port, timeout=20)
    with contextlib.closing(plain):
        plain.request("GET", "/metrics")
        lines = plain.getresponse().read().decode().splitlines()
    return float(next(line for line in lines if line.startswith("xr0_connections ")).split()[1])


async def crowd(port, count):
    """All connect at once, ask, and are gone without waiting."""

    async def visit():
        async with connect_async(f"ws://{HOST}:{port}", compression=None, open_timeout=60) as socket:
            await socket.recv()
            await socket.send(frame())

    await asyncio.gather(*(visit() for _ in range(count)))


def test_a_crowd_that_comes_and_goes_leaves_nothing_behind():
    with running(Marching()) as port, at_work(port):
        for _ in range(2):
            asyncio.run(crowd(port, 150))
        for _ in range(200):
            if connections(port) == 1:
                break
            threading.Event().wait(0.05)
        assert connections(port) == 1


def test_a_robot_that_asks_and_reads_nothing_holds_only_itself_up():
    with (
        running(Marching()) as port,
        at_work(port),
        connect(f"ws://{HOST}:{port}", close_timeout=0.1) as stalled,
    ):
        for _ in range(50):
            stalled.send(frame())
        threading.Event().wait(0.5)


def test_a_robot_with_a_wrong_clock_is_answered_or_refused_in_one_line():
    """Its deadlines have passed, are years ahead, or end before they begin."""
    told = [(0.0, 0.0), (9e8, 9e8), (5000.0, 1.0), (1e-9, 9e8), (-5.0, 100.0), (1e12, 1e12)]
    with running(Marching()) as port, at_work(port), connect(f"ws://{HOST}:{port}") as wrong:
        wrong.recv(timeout=20)
        for deadline_ms, expires_ms in told:
            wrong.send(frame(deadline_ms=deadline_ms, expires_ms=expires_ms))
            answer = wrong.recv(timeout=20)
            bad = deadline_ms < 0 or deadline_ms > 1e9
            assert isinstance(answer, bytes) or answer.startswith("deadline_ms: got" if bad else wire.NOT_NOW)


def test_a_flood_from_one_key_is_refused_and_other_keys_are_served():
    groups = (Group("cell", "red"), Group("lab", "blue", requests_per_s=2.0))
    blue = {"Authorization": "Api-Key blue"}
    with (
        running(Marching(), settings=Settings(port=0, groups=groups)) as port,
        at_work(port, "red"),
        connect(f"ws://{HOST}:{port}", additional_headers=blue) as flood,
    ):
        flood.recv(timeout=20)
        answers = []
        for _ in range(100):
            flood.send(frame())
            answers.append(flood.recv(timeout=20))
    refused = [
        answer for answer in answers if answer == "not now: lab asks more than 2 times a second, its limit"
    ]
    assert len(refused) > 50
