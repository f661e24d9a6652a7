from dataclasses import replace

import numpy as np
import pytest

from xr0_robot.bench import metrics
from xr0_robot.executor.tick import Tick
from xr0_robot.sims.bricks.embodiment import BRICKS


def ticks_of(x, chunks):
    """Commands that move along x, each of the given chunk."""
    commands = [np.array([value, 0, 0, 9.0 * k, 0, 0, k % 2]) for k, value in enumerate(x)]
    fresh = ["idle" if chunk < 0 else "fresh" for chunk in chunks]
    return [Tick(k, c, n, f, None) for k, (c, n, f) in enumerate(zip(commands, chunks, fresh, strict=True))]


def test_seam_ratio_of_a_known_seam():
    # x = k^2 / 2 bends by 1 everywhere; the second chunk is 2.5 further, so the seam bends by 3.5 and 1.5.
    x = [k**2 / 2 + (2.5 if k >= 6 else 0.0) for k in range(12)]
    ratio = metrics.seam_ratio(BRICKS, ticks_of(x, [0] * 6 + [1] * 6))
    assert ratio == pytest.approx(2.5)


def test_an_invisible_seam_has_ratio_one():
    x = [k**2 / 2 for k in range(12)]
    assert metrics.seam_ratio(BRICKS, ticks_of(x, [0] * 6 + [1] * 6)) == pytest.approx(1.0)


def test_the_seam_is_the_same_where_a_pose_is_written_otherwise():
    pose, gripper = BRICKS.segments
    quaternion = replace(pose, rotation="quaternion_wxyz", native=1, size=7)
    robot = replace(BRICKS, segments=(replace(gripper, native=0), quaternion))
    x = [k**2 / 2 + (2.5 if k >= 6 else 0.0) for k in range(12)]
    ticks = ticks_of(x, [0] * 6 + [1] * 6)
    told = [replace(t, command=np.array([t.tick % 2, t.command[0], 0, 0, 1, 0, 0, 0])) for t in ticks]
    assert metrics.seam_ratio(robot, told) == pytest.approx(2.5)


def test_a_stop_is_a_seam_but_standing_is_not():
    x = [0, 1, 3, 6, 10, 10, 10, 10, 10, 13, 17, 22, 28]
    chunks = [0] * 5 + [-1] * 4 + [1] * 4
    # Stopping bends by 4 and 0, starting by 3 and 1; inside the chunks all bends are 1.
    assert metrics.seam_ratio(BRICKS, ticks_of(x, chunks)) == pytest.approx(2.0)


@pytest.mark.parametrize(
    "x, chunks",
    [([0, 1, 3, 6, 10], [0] * 5), ([0, 1, 2, 3, 9, 10, 11], [0] * 4 + [1] * 3), ([0, 1], [0, 1])],
)
def test_no_seam_or_nothing_to_compare_with_is_none(x, chunks):
    assert metrics.seam_ratio(BRICKS, ticks_of(x, chunks)) is None


def test_jerk_of_a_cubic_is_its_third_derivative():
    time_s = np.arange(20) / 30
    jerk = metrics.rms_jerk(BRICKS, ticks_of(time_s**3, [0] * 20))
    assert jerk == pytest.approx(6.0)
    assert metrics.rms_jerk(BRICKS, ticks_of([0, 1, 2], [0] * 3)) is None


def test_percentiles():
    assert metrics.percentiles([1.0, 2.0, 3.0]) == {"p50": 2.0, "p99": pytest.approx(2.98)}
    assert metrics.percentiles([]) == {"p50": None, "p99": None}
