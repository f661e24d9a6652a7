"""The sprung pads against what is known without simulating."""

import numpy as np
import pytest

from xr0_robot.touch.sensor.increment import to_matrix
from xr0_robot.touch.sensor.pads import FULL_SCALE_N, taxel_centres
from xr0_robot.touch.sensor.shapes import Prism, Shape
from xr0_robot.touch.sims.sprung_pads import SprungPads

ALONG_X = np.array([0.0, np.pi / 2, 0.0])
"""Turns a prism's axis into the closing axis; its polygon's x then points down, to -z."""
CENTRED = [0.0] * 6


def bar(z_mm, y_mm, x_mm=10.0):
    half = np.array([z_mm, y_mm]) / 2
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    return Shape("bar", "box", (Prism(corners, x_mm, rotvec=ALONG_X),))


@pytest.fixture(scope="module")
def pads():
    return SprungPads(np.random.default_rng(3))


def centroid(image):
    """y and z [mm] in the pad's frame."""
    y, z = taxel_centres()
    return np.array([(image * y).sum(), (image * z).sum()]) / image.sum()


def axis_deg(image):
    """Angle of the long axis of a pressure image, from z towards -y."""
    y, z = (values - mean for values, mean in zip(taxel_centres(), centroid(image), strict=True))
    moments = [(image * a * b).sum() for a, b in ((y, y), (y, z), (z, z))]
    return np.rad2deg(0.5 * np.arctan2(-2 * moments[1], moments[2] - moments[0]))


@pytest.mark.parametrize("force_n", [3.0, 8.0])
@pytest.mark.parametrize("pose", [CENTRED, [2.0, 1.0, -1.5, 0.1, 0.03, -0.03]])
def test_each_pad_carries_the_closing_force_wherever_the_object_is(pads, pose, force_n):
    forces, _ = pads.grasp(bar(6, 5), to_matrix(np.array(pose)), force_n)
    assert forces.shape == (2, 11, 9) and forces.min() >= 0
    assert forces.sum(axis=(1, 2)) == pytest.approx(force_n, rel=0.02)


def test_a_shift_of_one_millimetre_moves_both_centroids_by_one(pads):
    shape = bar(5, 4)
    # The right pad faces the left one: its y is the gripper's, mirrored.
    for dof, signs in ((0, [1, -1]), (1, [1, 1])):
        moves = []
        for start in np.linspace(-0.9, 0.2, 6):  # over all phases of the lattice of taxels
            pose = np.array([0, start, start, 0, 0, 0])
            images = []
            for _ in range(2):
                images.append(pads.grasp(shape, to_matrix(pose), 5.0)[0])
                pose[1 + dof] += 1.0
            moves.append([centroid(b)[dof] - centroid(a)[dof] for a, b in zip(*images, strict=True)])
        assert np.mean(moves, axis=0) * signs == pytest.approx(1.0, abs=0.12)


def test_a_turn_about_the_closing_axis_turns_the_pressure_image(pads):
    shape, angles = bar(9, 3), np.linspace(-12, 12, 7)
    images = [pads.grasp(shape, to_matrix(np.array([0, 0, 0, np.deg2rad(a), 0, 0])), 5.0)[0] for a in angles]
    left, right = (np.array([axis_deg(image[pad]) for image in images]) for pad in (0, 1))
    assert np.polyfit(angles, left, 1)[0] == pytest.approx(1.0, abs=0.2)
    assert np.polyfit(angles, right, 1)[0] == pytest.approx(-1.0, abs=0.2)


def test_a_tilt_presses_one_edge_harder_on_each_side(pads):
    shape = bar(8, 6)
    level, tilted = (
        pads.grasp(shape, to_matrix(np.array([0, 0, 0, 0, tilt, 0])), 5.0)[0] for tilt in (0.0, 0.03)
    )
    # Turned about +y, the object's +z end goes towards +x: to the right pad, away from the left one.
    change = [centroid(b)[1] - centroid(a)[1] for a, b in zip(level, tilted, strict=True)]
    assert change[0] < -0.3 and change[1] > 0.3


def test_nothing_between_the_pads_reads_zero(pads):
    forces, width = pads.grasp(bar(6, 5), to_matrix(np.array([0, 40.0, 0, 0, 0, 0])), 5.0)
    assert not forces.any() and width[0] == 0.0


def test_the_width_is_the_objects_less_what_the_springs_give(pads):
    widths = [pads.grasp(bar(6, 5, x), to_matrix(np.array(CENTRED)), 5.0)[1][0] for x in (8.0, 11.0)]
    assert widths[1] - widths[0] == pytest.approx(3.0, abs=0.01)
    assert 6.5 < widths[0] < 8.0


def test_the_same_pads_feel_the_same_again_and_other_pads_do_not():
    shape, pose = bar(6, 5), to_matrix(np.array([0, 0.3, 0.4, 0.05, 0, 0]))
    pads = SprungPads(np.random.default_rng(0))
    first = pads.grasp(shape, pose, 5.0)[0]
    pads.grasp(bar(3, 3), pose, 5.0)
    assert np.array_equal(first, pads.grasp(shape, pose, 5.0)[0])
    other = SprungPads(np.random.default_rng(1)).grasp(shape, pose, 5.0)[0]
    assert np.abs(other - first).max() > 0.05 * FULL_SCALE_N


def test_what_cannot_be_grasped_is_refused(pads):
    with pytest.raises(ValueError, match="expected finite numbers"):
        pads.grasp(bar(6, 5), np.full((4, 4), np.nan), 5.0)
    with pytest.raises(ValueError, match="the sprung pads need prisms"):
        pads.grasp(Shape("flat", "user", triangles=np.eye(3)[None]), np.eye(4), 5.0)
