"""The elastic foundation against known answers, a slow twin, and its symmetries."""

import numpy as np
import pytest

from xr0.touch import randomise
from xr0.touch.foundation import Foundation
from xr0_robot.touch.sensor import electronics
from xr0_robot.touch.sensor.families import HELD_OUT, SEEN, sample_shape
from xr0_robot.touch.sensor.increment import to_matrix
from xr0_robot.touch.sensor.pads import FULL_SCALE_N, taxel_centres
from xr0_robot.touch.sensor.prisms import about_x, facing, rectangle
from xr0_robot.touch.sensor.shapes import Shape

RNG = np.random.default_rng(0)
BOX = Shape("box", "box", (facing(rectangle(4.0, 5.0), 6.0),))
EXACT = Foundation(subsamples=6, jitter=False)
HALF_TURN = to_matrix(np.array([0, 0, 0, 0, 0, np.pi]))


def pose(*numbers: float) -> np.ndarray:
    return to_matrix(np.array(numbers))[None]


def grasp(
    shape: Shape, where: np.ndarray, force: float = 5.0, sensor: Foundation = EXACT
) -> tuple[np.ndarray, float]:
    skin = randomise.nominal_skin(1, 2)
    felt = sensor.grasp([shape], where, np.full((1, 2), force), skin, np.random.default_rng(0))
    return felt.forces[0], float(felt.joints[0, 0])


def centre(image: np.ndarray) -> np.ndarray:
    return np.array([(image * place).sum() for place in taxel_centres()]) / image.sum()


def test_a_flat_face_gives_way_as_the_springs_say() -> None:
    forces, width = grasp(BOX, pose(0, 0, 0, 0, 0, 0))
    np.testing.assert_allclose(forces.sum(axis=(1, 2)), 5.0, rtol=0.01)
    depth = (6.0 - width) / 2
    cell = 1.1 / 6
    area = np.ceil(4.0 / cell - 0.5) * np.ceil(5.0 / cell - 0.5) * cell**2
    assert 0.6 * depth * (1 + (2 * depth) ** 4) * area == pytest.approx(5.0, rel=0.06)


def test_the_pads_feel_where_a_box_is_each_in_its_own_frame() -> None:
    forces, _ = grasp(BOX, pose(0, 1.0, -0.7, 0, 0, 0))
    np.testing.assert_allclose(centre(forces[0]), [1.0, -0.7], atol=0.06)
    np.testing.assert_allclose(centre(forces[1]), [-1.0, -0.7], atol=0.06)


def test_the_closing_axis_is_not_felt() -> None:
    here, width = grasp(BOX, pose(0, 0.3, 0, 0.1, 0.02, 0))
    there, same = grasp(BOX, pose(1.5, 0.3, 0, 0.1, 0.02, 0))
    np.testing.assert_allclose(there, here, atol=1e-4)
    assert same == pytest.approx(width, abs=1e-4)


def test_half_a_turn_makes_each_pad_the_other() -> None:
    shape = sample_shape(np.random.default_rng(4), "bracket")
    where = pose(0, 0.5, 1.0, 0.1, 0.02, -0.03)
    here, width = grasp(shape, where)
    there, same = grasp(shape, HALF_TURN @ where)
    np.testing.assert_allclose(there, here[::-1], atol=1e-4)
    assert same == pytest.approx(width, abs=1e-4)


def test_a_frame_of_the_object_s_own_choice_changes_nothing() -> None:
    where = pose(0, 0.5, 1.0, 0.1, 0.02, -0.03)
    turned = Shape("box", "box", tuple(about_x(prism, 0.4) for prism in BOX.prisms))
    here, _ = grasp(BOX, where @ pose(0, 0, 0, 0.4, 0, 0)[0])
    there, _ = grasp(turned, where)
    np.testing.assert_allclose(there, here, atol=1e-4)


def test_more_force_presses_deeper_and_wider() -> None:
    widths = [grasp(BOX, pose(0, 0, 0, 0, 0.03, 0), force)[1] for force in (1.0, 3.0, 8.0)]
    assert widths[0] > widths[1] > widths[2]


def test_a_pad_that_meets_nothing_feels_nothing() -> None:
    forces, width = grasp(BOX, pose(0, 12.0, 0, 0, 0, 0))
    assert not forces.any()
    assert width == 0.0


def slow_heights(shape: Shape, where: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """March along each ray in steps of 2 micrometres through a slab about the object."""
    x = np.arange(-8.0, 8.0, 0.002)
    out = np.full((len(z), len(y)), np.inf)
    inverse = np.linalg.inv(where)
    for i, zz in enumerate(z):
        for j, yy in enumerate(y):
            points = np.column_stack([x, np.full_like(x, yy), np.full_like(x, zz)]) @ inverse[:3, :3].T
            points += inverse[:3, 3]
            inside = np.zeros(len(x), bool)
            for planes in shape.pieces():
                inside |= (points @ planes[:, :3].T <= planes[:, 3]).all(axis=1)
            if inside.any():
                out[i, j] = x[np.argmax(inside)]
    return out


@pytest.mark.parametrize("family", ["rubble", "union", "hex_bolt", "frustum"])
def test_heights_equal_those_of_a_march_through_the_object(family: str) -> None:
    coarse = Foundation(subsamples=1, jitter=False)
    shape = sample_shape(np.random.default_rng(5), family)
    where = to_matrix(np.array([0.1, 0.4, -0.8, 0.15, 0.03, -0.02]))
    rotation, origin = coarse._seen_from_pads(where[None], np.zeros((1, 2, 6)))
    found = coarse._heights([shape.pieces()], rotation, origin, RNG)[0, 0].numpy()
    expected = slow_heights(shape, where, coarse._y.numpy().astype(float), coarse._z.numpy().astype(float))
    hit = np.isfinite(expected)
    assert hit.sum() > 5
    np.testing.assert_array_equal(found < 100, hit)
    np.testing.assert_allclose(found[hit], expected[hit], atol=0.003)


def test_triangles_are_felt_like_the_prism_that_they_enclose() -> None:
    v = BOX.prisms[0].vertices()
    quads = [(0, 3, 2, 1), (4, 5, 6, 7), *((k, (k + 1) % 4, 4 + (k + 1) % 4, 4 + k) for k in range(4))]
    triangles = np.array([v[list(t)] for a, b, c, d in quads for t in ((a, b, c), (a, c, d))])
    where = pose(0, 0.53, 0.21, 0.1, 0.02, 0.04)
    surface, width = grasp(Shape("box", "user", triangles=triangles), where)
    solid, same = grasp(BOX, where)
    np.testing.assert_allclose(surface, solid, atol=0.01)
    assert width == pytest.approx(same, abs=0.01)


def test_many_at_once_equal_one_by_one() -> None:
    names = [*SEEN, *HELD_OUT]
    shapes = [sample_shape(np.random.default_rng(k), name) for k, name in enumerate(names)]
    poses = to_matrix(RNG.uniform(-1, 1, (len(shapes), 6)) * [0.5, 1, 1, 0.1, 0.04, 0.04])
    skin = randomise.draw_skin(RNG, len(shapes), 2)
    force = RNG.uniform(3, 8, (len(shapes), 2))
    together = EXACT.grasp(shapes, poses, force, skin, RNG)
    for k in range(0, len(shapes), 5):
        one = np.array([k])
        alone = EXACT.grasp([shapes[k]], poses[one], force[one], skin.take(one), RNG)
        np.testing.assert_allclose(alone.forces[0], together.forces[k], atol=1e-4)
        np.testing.assert_allclose(alone.joints[0], together.joints[k], atol=1e-4)


def test_jitter_finds_an_edge_between_the_rays() -> None:
    jittered = Foundation(subsamples=4)
    found = [centre(grasp(BOX, pose(0, y, 0, 0, 0, 0), sensor=jittered)[0][0])[0] for y in (0.0, 0.1)]
    assert found[1] - found[0] == pytest.approx(0.1, abs=0.06)


def test_the_jitter_of_rays_is_no_louder_than_the_read_out() -> None:
    """What two grasps at one pose differ by must be the sensor's doing, not the simulator's."""
    shapes = [sample_shape(np.random.default_rng(k), family) for k, family in enumerate([*SEEN] * 2)]
    poses, force = np.repeat(np.eye(4)[None], len(shapes), axis=0), np.full((len(shapes), 2), 5.0)
    skin = randomise.draw_skin(np.random.default_rng(0), len(shapes), 2)
    first, second = (
        Foundation().grasp(shapes, poses, force, skin, np.random.default_rng(seed)).forces for seed in (1, 2)
    )
    loaded = first > 0.0
    noise_n = electronics.NOISE * FULL_SCALE_N
    assert np.sqrt(np.mean((first - second)[loaded] ** 2) / 2) < noise_n
