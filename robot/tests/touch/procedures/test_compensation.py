"""The correction of a wrong grasp at the placing: it fades in and out, and the policy does not see it."""

import numpy as np
import pytest

from xr0_robot.touch.procedures.compensation import BLEND_TICKS, Compensation
from xr0_robot.touch.sensor import increment
from xr0_robot.touch.sims.insertion.arm import BRICKS_ARM

OFF = [0.0, 2.0, -1.5, 0.1, 0.0, 0.0]


def test_a_compensation_fades_in_undoes_itself_for_the_policy_and_fades_out(touch_world):
    world = touch_world(OFF)
    fade = Compensation(BRICKS_ARM, increment.to_matrix(np.array(OFF)))
    assert fade.sent(world.state) == pytest.approx(world.state)
    track = []
    for _ in range(BLEND_TICKS + 3):
        fade.advance(holding=True)
        track.append(fade.sent(world.state))
        assert fade.seen(track[-1]) == pytest.approx(world.state, abs=1e-12)
    steps = np.linalg.norm(np.diff([world.state, *track], axis=0)[:, :3], axis=1)
    assert steps.max() < 1e-3 and steps[-1] == 0.0
    for _ in range(BLEND_TICKS):
        assert not fade.over
        fade.advance(holding=False)
    assert fade.over


def test_placing_with_the_compensation_puts_the_object_where_the_right_grasp_would(touch_world):
    wrong, right = touch_world(OFF), touch_world([0.0] * 6)
    fade = Compensation(BRICKS_ARM, increment.to_matrix(np.array(OFF)))
    for _ in range(BLEND_TICKS):
        fade.advance(holding=True)
    plan = np.array([0.5, -0.1, 0.1, 0.0, 0.1, -0.3, 0.0])
    wrong.apply(fade.sent(plan))
    right.apply(plan)
    assert np.allclose(wrong.object, right.object, atol=1e-9)
