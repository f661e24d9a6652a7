"""Baselines on images whose motion is known."""

import numpy as np
import pytest

from xr0.touch import baselines, randomise
from xr0.touch.closed_loop import Method, Reading
from xr0.touch.foundation import Foundation
from xr0.touch.model_based import FitOfTrueShape
from xr0_robot.touch.sensor import electronics
from xr0_robot.touch.sensor.increment import to_matrix
from xr0_robot.touch.sensor.prisms import facing, rectangle
from xr0_robot.touch.sensor.shapes import Shape

SHAPE = Shape("l", "l", (facing(rectangle(5.0, 2.0), 5.0, z=-1.5), facing(rectangle(2.0, 5.0), 5.0, y=-1.5)))
SENSOR = Foundation(subsamples=32, jitter=False)  # its grid is not what is tested


def felt(vector: np.ndarray) -> Reading:
    skin, force = randomise.nominal_skin(1, 2), np.full((1, 2), 5.0)
    rng = np.random.default_rng(0)
    grasps = SENSOR.grasp([SHAPE], to_matrix(vector)[None], force, skin, rng)
    images = electronics.read(grasps.forces, grasps.forces * 0, electronics.perfect(1, 2), rng)
    return Reading(images, grasps.joints)


def w(y: float = 0.0, z: float = 0.0, turn: float = 0.0) -> np.ndarray:
    return np.array([0.0, y, z, np.deg2rad(turn), 0.0, 0.0])


@pytest.mark.parametrize(
    ("method", "motion", "mm", "deg"),
    [
        (baselines.centroid, w(0.6, -0.8), 0.1, 0.1),
        (baselines.moments, w(0.6, -0.8), 0.1, 2.0),
        (baselines.moments, w(0.0, 0.0, 8.0), 0.2, 2.0),
        (baselines.registration, w(0.6, -0.8), 0.15, 2.0),
        (baselines.registration, w(0.3, 0.2, 8.0), 0.2, 2.0),
        (baselines.registration, w(2.2, -2.0, 3.0), 0.3, 3.0),
    ],
)
def test_a_known_motion_is_found(method: Method, motion: np.ndarray, mm: float, deg: float) -> None:
    found, sigma = method(felt(motion), felt(w()), [SHAPE])
    np.testing.assert_allclose(found[0, :3], motion[:3], atol=mm)
    np.testing.assert_allclose(np.rad2deg(found[0, 3:]), np.rad2deg(motion[3:]), atol=deg)
    assert sigma.shape == (1, 6)


def test_who_knows_the_shape_sees_tilt_as_well() -> None:
    motion = np.array([0.0, 0.5, -0.4, 0.1, 0.02, -0.03])
    bound = FitOfTrueShape([SHAPE], np.eye(4)[None])
    found, _ = bound(felt(motion), felt(w()), [SHAPE])
    np.testing.assert_allclose(found[0, 1:3], motion[1:3], atol=0.05)
    np.testing.assert_allclose(np.rad2deg(found[0, 3:]), np.rad2deg(motion[3:]), atol=0.4)


def test_doing_nothing_does_nothing() -> None:
    found, _ = baselines.nothing(felt(w(1.0)), felt(w()), [SHAPE])
    assert not found.any()
