"""Training pairs: each symmetry is one that the sensor itself has, and labels are the increments."""

import numpy as np
import pytest

from xr0.touch import data, pairs, randomise
from xr0.touch.foundation import Foundation
from xr0_robot.touch.sensor import symmetry
from xr0_robot.touch.sensor.increment import increment, to_matrix, to_vector
from xr0_robot.touch.sensor.prisms import facing, rectangle
from xr0_robot.touch.sensor.shapes import Shape

SENSOR = Foundation(jitter=False)
CURRENT = np.array([0.0, 1.1, -0.6, 0.2, 0.03, -0.02])
GOAL = np.array([0.0, -0.4, 0.9, -0.1, -0.01, 0.03])
MASKS = {"y": (1, 0, 0), "z": (0, 1, 0), "half turn": (0, 0, 1), "all": (1, 1, 1)}


def bracket(y: float, z: float) -> Shape:
    """An L, mirrored by the signs y and z."""
    foot = facing(rectangle(7.0, 2.0), 5.0, y=1.5 * y, z=-3.0 * z)
    return Shape("l", "l", (foot, facing(rectangle(2.0, 8.0), 5.0, y=-1.0 * y)))


def felt(shape: Shape, vectors: np.ndarray) -> np.ndarray:
    skin, force = randomise.nominal_skin(2, 2), np.full((2, 2), 5.0)
    return SENSOR.grasp([shape] * 2, to_matrix(vectors), force, skin, np.random.default_rng(0)).forces


@pytest.mark.parametrize("name", MASKS)
def test_a_symmetry_of_images_and_labels_is_one_of_the_world(name: str) -> None:
    masks = [np.array([bool(on)]) for on in MASKS[name]]
    y, z, turned = MASKS[name]
    images = felt(bracket(1, 1), np.stack([CURRENT, GOAL]))[None]
    w = to_vector(increment(to_matrix(CURRENT), to_matrix(GOAL)))[None]
    images, w = pairs.mirrored(images, w, *masks)
    signs = symmetry.MIRROR_Y**y * symmetry.MIRROR_Z**z
    vectors = np.stack([CURRENT, GOAL]) * signs
    if turned:
        vectors = to_vector(to_matrix(np.array([0, 0, 0, 0, 0, np.pi])) @ to_matrix(vectors))
    again = felt(bracket((-1) ** y, (-1) ** z), vectors)
    np.testing.assert_allclose(images[0], again, atol=2e-3)
    expected = to_vector(increment(*to_matrix(vectors)))
    np.testing.assert_allclose(w[0], expected, atol=1e-9)


@pytest.fixture(scope="module")
def grasps() -> data.GraspData:
    done = [data.grasp_shape(Foundation(), bracket(1, 1), np.random.default_rng(k)) for k in range(2)]
    kept = [found for found in done if found is not None]
    return data.GraspData(
        np.stack([g.forces for g, _ in kept]).astype(np.float16),
        np.stack([g.joints for g, _ in kept]).astype(np.float32),
        np.stack([poses for _, poses in kept]),
    )


def test_goals_come_first_and_starts_lie_about_them(grasps: data.GraspData) -> None:
    for poses in grasps.poses:
        for goal in range(0, data.GRASPS_EACH, 4):
            vectors = to_vector(increment(poses[goal : goal + 4], poses[goal]))
            assert np.abs(vectors[0]).max() < 1e-9
            assert (np.abs(vectors[1:, 1:3]) <= 7.0 * data.REACH + 1e-9).all()
        assert np.abs(to_vector(poses[::4])[:, 1:3]).max() <= 2.5


def test_pairs_are_drawn_again_from_the_same_seed(grasps: data.GraspData) -> None:
    (first, w), (second, again) = (pairs.draw(grasps, 64, np.random.default_rng(5)) for _ in range(2))
    assert (first.images == second.images).all()
    assert (w == again).all()
    assert first.images.shape == (64, 2, 2, 11, 9)
    assert first.joints.shape == (64, 2, 1)
    assert 0.0 <= float(first.images.min()) <= float(first.images.max()) <= 1.0
    assert w[:, 1:3].abs().max() < 15.0


def test_a_single_grasp_stands_beside_itself(grasps: data.GraspData) -> None:
    seen, pose = pairs.draw_poses(grasps, 32, np.random.default_rng(5))
    assert (seen.images[:, 0] == seen.images[:, 1]).all()
    assert (seen.joints[:, 0] == seen.joints[:, 1]).all()
    assert pose.shape == (32, 6)
