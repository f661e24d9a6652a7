import threading

import numpy as np
import pytest

from xr0_robot.bench.rollout import Episode, rollout
from xr0_robot.deadlines import Deadlines
from xr0_robot.executor import cameras
from xr0_robot.executor.clock import WallClock
from xr0_robot.executor.inference import VirtualInference
from xr0_robot.executor.methods import Prefix
from xr0_robot.robots.mock import LIMITS, MockEnv, MockPolicy
from xr0_robot.types import Observation

PICTURE = {"base": np.zeros((4, 4, 3), np.uint8)}


class Camera:
    """The first `ready` pictures come at once, the next when the gate opens."""

    def __init__(self, ready):
        self.taken, self.ready, self.gate = 0, ready, threading.Event()
        self.waiting = threading.Event()

    def __call__(self):
        if self.taken >= self.ready:
            self.waiting.set()
            self.gate.wait(10.0)
        self.taken += 1
        return Observation(PICTURE, np.zeros(7), "look", float(self.taken))


def state():
    return np.full(7, 5.0)


def test_inline_the_loop_calls_the_camera_itself():
    with cameras.inline(look := Camera(3), state) as observe:
        assert observe is look


def test_beside_the_newest_picture_is_there_while_the_next_one_hangs_and_the_state_is_of_now():
    camera = Camera(ready=2)
    with cameras.beside(camera, state) as observe:
        assert camera.waiting.wait(10.0)
        found = observe()
        assert found.time_s == 2.0
        assert found.state.tolist() == state().tolist()
    camera.gate.set()


def test_once_the_episode_is_over_nobody_reads():
    camera = Camera(ready=1)
    with cameras.beside(camera, state):
        assert camera.waiting.wait(10.0)
    camera.gate.set()
    for thread in threading.enumerate():
        if thread.name == "xr0-cameras":
            thread.join(10.0)
    assert camera.taken == 2


def test_what_a_camera_raises_is_raised_where_the_loop_asks():
    camera, unplugged = Camera(ready=1), threading.Event()

    def look():
        if unplugged.is_set():
            raise OSError("unplugged")
        return camera()

    with cameras.beside(look, state) as observe:
        assert camera.waiting.wait(10.0)
        assert observe().time_s == 1.0
        unplugged.set()
        camera.gate.set()
        for thread in threading.enumerate():
            if thread.name == "xr0-cameras":
                thread.join(10.0)
        with pytest.raises(RuntimeError, match="cameras: OSError: unplugged"):
            observe()


def test_a_camera_that_sends_nothing_is_named_before_anything_begins(monkeypatch):
    monkeypatch.setattr(cameras, "FIRST_PICTURE_S", 0.01)
    camera = Camera(ready=0)
    with pytest.raises(RuntimeError, match=r"got no picture within 0\.01 s"), cameras.beside(camera, state):
        pytest.fail("it began")
    camera.gate.set()


def test_a_camera_that_hangs_stalls_no_tick_and_its_old_picture_moves_nothing():
    gate = threading.Event()

    class Hanging(MockEnv):
        looks, sent = 0, 0

        def observe(self, instruction, time_s):
            self.looks += 1
            if self.looks > 1:
                gate.wait(10.0)
            return super().observe(instruction, time_s)

        def apply(self, action):
            self.sent += 1
            super().apply(action)

        def success(self):
            return False

    env = Hanging()
    result = rollout(
        env,
        Episode(3),
        inference=VirtualInference(MockPolicy(env), 0.0),
        strategy=Prefix(3),
        clock=WallClock(),
        limits=LIMITS,
        time_limit_s=0.8,
        deadlines=Deadlines(max_picture_age_s=0.2, coast_s=0.0),
        cameras=cameras.beside,
    )
    gate.set()
    assert env.sent == len(result.ticks) == 24
    assert result.stale_pictures > 0
    assert result.ticks[-1].freshness == "idle"
    assert "pictures are" in (result.error or "")
