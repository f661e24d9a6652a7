"""What other robots do wrong, or all at once, costs a robot at work no answer."""

import asyncio
import contextlib

import pytest
from faults import storms
from faults.marching import Marching
from faults.storms import AtWork, left_alone
from served import HOST, running
from websockets.sync.client import connect

from xr0.serve.keys import Group
from xr0.serve.server import Settings
from xr0_robot import wire
from xr0_robot.deadlines import Urgency


@contextlib.contextmanager
def at_work(url, key=None):
    """A robot asks one thing after another until the context is left; each must be answered, however busy
    the machine is."""
    robot = AtWork(Urgency(5.0, 9.0))
    with robot.asking(url, key, period_s=0.0):
        yield
    assert not robot.failures
    assert robot.waits_s


@pytest.mark.parametrize(
    ("storm", "count"), [(storms.reconnects, 150), (storms.stalls, 3), (storms.nonsense, 60)]
)
def test_a_storm_leaves_nothing_behind(storm, count):
    with running(Marching()) as port, at_work(f"ws://{HOST}:{port}"):
        for _ in range(2):
            asyncio.run(storm(f"ws://{HOST}:{port}", None, count))
        assert left_alone(f"ws://{HOST}:{port}")


def test_a_robot_with_a_wrong_clock_is_answered_or_refused_in_one_line():
    with (
        running(Marching()) as port,
        at_work(f"ws://{HOST}:{port}"),
        connect(f"ws://{HOST}:{port}") as wrong,
    ):
        wrong.recv(timeout=20)
        for deadline_ms, expires_ms in storms.CLOCKS_MS:
            wrong.send(storms.frame(deadline_ms=deadline_ms, expires_ms=expires_ms))
            answer = wrong.recv(timeout=20)
            bad = deadline_ms < 0 or deadline_ms > 1e9
            assert isinstance(answer, bytes) or answer.startswith("deadline_ms: got" if bad else wire.NOT_NOW)


def test_a_flood_from_one_key_is_refused_and_other_keys_are_served():
    groups = (Group("cell", "red"), Group("lab", "blue", requests_per_s=2.0))
    blue = {"Authorization": "Api-Key blue"}
    with (
        running(Marching(), settings=Settings(port=0, groups=groups)) as port,
        at_work(f"ws://{HOST}:{port}", "red"),
        connect(f"ws://{HOST}:{port}", additional_headers=blue) as flood,
    ):
        flood.recv(timeout=20)
        answers = []
        for _ in range(100):
            flood.send(storms.frame())
            answers.append(flood.recv(timeout=20))
    refused = [
        answer for answer in answers if answer == "not now: lab asks more than 2 times a second, its limit"
    ]
    assert len(refused) > 50
