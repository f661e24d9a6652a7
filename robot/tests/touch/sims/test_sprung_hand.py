"""A hand of sprung pads: it presses, lets go, and moves about an object that stays where it is."""

import numpy as np
import pytest

from xr0_robot.touch.sensor import increment
from xr0_robot.touch.sensor.prisms import facing, rectangle
from xr0_robot.touch.sensor.shapes import Shape
from xr0_robot.touch.sims.insertion.arm import BRICKS_ARM
from xr0_robot.touch.sims.sprung_hand import GRIP_N, SprungHand

BLOCK = Shape("block", "box", (facing(rectangle(5.0, 7.0), 6.0),))
GRASP = increment.to_matrix(np.array([0.0, 1.0, -0.5, 0.05, 0.0, 0.0]))


@pytest.fixture
def hand():
    hand = SprungHand(np.random.default_rng(2), BLOCK, GRASP)
    yield hand
    hand.close()


def test_it_closes_with_its_force_and_opens_when_told(hand):
    state = hand.state()
    for _ in range(5):
        hand.apply(BRICKS_ARM.gripped(state, 0.0))
    assert hand.touch().forces == pytest.approx(GRIP_N, rel=0.02)
    width = hand.state()[6]
    for _ in range(5):
        hand.apply(BRICKS_ARM.gripped(state, width + 0.05))
    assert not hand.touch().forces.any()
    assert hand.state()[6] == pytest.approx(width + 0.05, abs=1e-3)


def test_moving_by_the_increment_brings_the_object_to_its_goal_in_the_hand(hand):
    goal = increment.to_matrix(np.array([0.0, -1.0, 1.0, -0.05, 0.02, 0.01]))
    w = increment.increment(hand.grasp(), goal)
    before = hand.object.copy()
    state = hand.state()
    hand.apply(BRICKS_ARM.gripped(BRICKS_ARM.moved(state, w), 0.2))
    assert np.allclose(hand.grasp(), goal, atol=1e-9)
    assert np.array_equal(hand.object, before)


def test_what_it_feels_after_settling_is_what_the_pads_alone_feel_there(hand):
    for _ in range(10):
        hand.apply(BRICKS_ARM.gripped(hand.state(), 0.0))
    live, alone = hand.touch().read(), hand.would_feel(hand.grasp())
    assert np.abs(live.images.astype(int) - alone.images).mean() < 4
    assert live.joints == pytest.approx(alone.joints, abs=0.02)
