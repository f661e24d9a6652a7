"""Two simulators with no mechanics in common must agree on what is where: frames, signs, sizes, widths."""

import numpy as np
import pytest

import xr0_robot.sims  # noqa: F401 (before MuJoCo: it chooses the OpenGL library)

pytest.importorskip("mujoco")

from xr0.touch.foundation import Foundation
from xr0.touch.randomise import nominal_skin
from xr0_robot.touch.sensor.increment import to_matrix
from xr0_robot.touch.sensor.prisms import facing, rectangle
from xr0_robot.touch.sensor.shapes import Shape
from xr0_robot.touch.sims.sprung_pads import SprungPads

FORCE_N = 6.0
TEE = Shape("tee", "tee", (facing(rectangle(4, 6), 8.0, z=3), facing(rectangle(9, 4), 8.0, z=-2)))


class Exact:
    """Draws the middle of everything: pads as they should be."""

    def normal(self, mean, spread, shape):
        return np.full(shape, mean)

    def uniform(self, low, high, shape):
        return np.full(shape, (low + high) / 2 + 1e-9)


@pytest.mark.parametrize(
    "pose",
    [[0, 0, 0, 0, 0, 0], [0, 2, 1, 0.15, 0, 0], [0, -2, -1, -0.15, 0.03, 0], [0, 1, 0, 0, -0.03, 0.03]],
)
def test_they_feel_the_same_object_at_the_same_place(pose):
    grasp = to_matrix(np.array(pose, dtype=float))
    rng = np.random.default_rng(0)
    first = Foundation().grasp([TEE], grasp[None], np.full((1, 2), FORCE_N), nominal_skin(1, 2), rng)
    second, width = SprungPads(Exact()).grasp(TEE, grasp, FORCE_N)
    for a, b in zip(first.forces[0], second, strict=True):
        assert (a * b).sum() / np.linalg.norm(a) / np.linalg.norm(b) > 0.88
    assert first.joints[0] == pytest.approx(width, abs=0.15)
