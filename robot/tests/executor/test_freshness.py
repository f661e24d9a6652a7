import threading
import time

import numpy as np
import pytest

from xr0_robot.deadlines import Deadlines
from xr0_robot.executor import cameras
from xr0_robot.executor.freshness import unusable
from xr0_robot.types import Observation

PICTURE = np.zeros((2, 2, 3), np.uint8)
LIMITS = Deadlines(max_picture_age_s=0.25, max_spread_s=0.05)


def seen(time_s, **times_s):
    return Observation(dict.fromkeys(times_s, PICTURE), np.zeros(7), "look", time_s, times_s)


@pytest.mark.parametrize(
    "observation, why",
    [
        (seen(9.8), None),
        (seen(9.7), "the pictures are 0.30 s old, at most 0.25 s"),
        (seen(9.8, base=9.8, wrist=9.84), None),
        (seen(9.7, base=9.7, wrist=9.99), "camera 'base' is 0.30 s old, at most 0.25 s"),
        (seen(9.9, base=9.97, wrist=9.9), "cameras 'wrist' and 'base' are 0.07 s apart, at most 0.05 s"),
        (seen(10.3), "the pictures are of 0.30 s from now: another clock's"),
        (seen(9.77, base=9.77, wrist=9.8), "the pictures are from before the robot was released"),
    ],
)
def test_each_reason_is_said_in_a_line(observation, why):
    assert unusable(observation, 10.0, LIMITS, not_before_s=9.78) == why


class Camera:
    """Pictures of given times, the number of the picture in its corner; then it hangs for a while and repeats
    the last."""

    def __init__(self, *times_s):
        self._times, self._taken = times_s, 0
        self.done = threading.Event()

    def __call__(self):
        if self._taken == len(self._times):
            self.done.set()
            time.sleep(0.3)
            self._taken -= 1
        image = PICTURE.copy()
        image[0, 0, 0] = self._taken
        self._taken += 1
        return image, self._times[self._taken - 1]


def first():
    return Observation({"base": PICTURE, "wrist": PICTURE}, np.zeros(7), "look", 0.0)


def test_pictures_of_one_moment_are_taken_together_whatever_pace_the_cameras_keep(monkeypatch):
    monkeypatch.setattr(cameras, "PAUSE_S", 0.0)
    base, wrist = Camera(0.99, 1.02, 1.05, 1.08), Camera(0.90, 1.00, 1.041)
    with cameras.matched({"base": base, "wrist": wrist})(first, lambda: np.full(7, 5.0)) as observe:
        assert base.done.wait(10.0) and wrist.done.wait(10.0)
        found = observe()
    # The latest moment that both have is the wrist's 1.041; the base's picture of 1.05 is nearest to it.
    assert found.times_s == {"base": 1.05, "wrist": 1.041} and found.time_s == 1.041
    assert (found.images["base"][0, 0, 0], found.images["wrist"][0, 0, 0]) == (2, 2)
    assert found.instruction == "look" and found.state.tolist() == [5.0] * 7


def test_a_camera_that_froze_is_named_by_its_age():
    base, wrist = Camera(*np.arange(1.0, 2.0, 0.03).round(2)), Camera(1.0, 1.03)
    with cameras.matched({"base": base, "wrist": wrist})(first, lambda: np.zeros(7)) as observe:
        assert base.done.wait(10.0) and wrist.done.wait(10.0)
        why = unusable(observe(), 2.0, LIMITS)
    assert why == "camera 'wrist' is 0.97 s old, at most 0.25 s"


def test_what_one_of_the_cameras_raises_is_raised_where_the_loop_asks():
    def unplugged():
        raise OSError("unplugged")

    look = cameras.matched({"base": Camera(1.0), "wrist": unplugged})
    with pytest.raises(RuntimeError, match="camera wrist: OSError: unplugged"), look(first, first):
        time.sleep(0)
