"""The terms of registration sum to the motion between two images."""

import numpy as np
import pytest
import torch

from xr0.touch import randomise
from xr0.touch.foundation import Foundation
from xr0.touch.registration import MOTIONS, TURN, terms
from xr0_robot.touch.sensor import electronics
from xr0_robot.touch.sensor.increment import to_matrix
from xr0_robot.touch.sensor.pads import LEVELS
from xr0_robot.touch.sensor.prisms import facing, rectangle
from xr0_robot.touch.sensor.shapes import Shape

SHAPE = Shape("l", "l", (facing(rectangle(6.0, 2.0), 5.0, z=-1.5), facing(rectangle(2.0, 6.0), 5.0, y=-1.5)))
SENSOR = Foundation(jitter=False)


def felt(turn_deg: float, y: float = 0.0) -> torch.Tensor:
    """Images [f, 11, 9] of a thing that is turned about x and moved."""
    pose = to_matrix(np.array([0.0, y, 0.0, np.deg2rad(turn_deg), 0.0, 0.0]))[None]
    rng = np.random.default_rng(0)
    force = np.full((1, 2), 5.0)
    grasps = SENSOR.grasp([SHAPE], pose, force, randomise.nominal_skin(1, 2), rng)
    images = electronics.read(grasps.forces, grasps.forces * 0, electronics.perfect(1, 2), rng)
    return torch.from_numpy(images[0].astype(np.float32) / LEVELS)


def summed(current: torch.Tensor, goal: torch.Tensor) -> np.ndarray:
    """The step [f, 3] of the terms' sums."""
    return terms(torch.stack([current, goal])[None]).unflatten(2, (MOTIONS, -1)).sum(-1)[0].numpy()


@pytest.mark.parametrize("turn_deg", [-6.0, -3.0, 3.0, 6.0])
def test_a_turn_is_told_by_its_sign_and_never_as_more_than_it_is(turn_deg: float) -> None:
    """A single linear step: the way is right, its length falls short."""
    told = summed(felt(turn_deg, y=0.7), felt(0.0))[:, 2] * TURN
    # The right pad looks the other way, so it sees the turn about x reversed.
    share = told / np.deg2rad([turn_deg, -turn_deg])
    assert (share > 0.3).all()
    assert (share < 1.0).all()


def test_the_same_grasp_says_nothing_is_left_to_do() -> None:
    np.testing.assert_allclose(summed(felt(4.0), felt(4.0)), 0.0, atol=1e-4)


def test_gain_does_not_matter() -> None:
    current, goal = felt(4.0), felt(0.0)
    bright = summed(current, goal)
    dim = summed(0.7 * current + 0.3 * 0.012, goal)  # less gain, the standing offset as it was
    np.testing.assert_allclose(dim, bright, atol=0.03)
