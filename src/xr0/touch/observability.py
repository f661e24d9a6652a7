"""Which motions of an object touch can tell: Fisher information of a clean grasp, by differences.

A rod does not show how far it has slid, a disc not how it is turned. Errors along such motions are no fault
of a method: they are taken out of the error, and counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xr0.touch.foundation import Foundation
from xr0.touch.randomise import nominal_skin
from xr0_robot.touch.sensor.increment import VECTOR, to_matrix
from xr0_robot.touch.sensor.pads import FULL_SCALE_N
from xr0_robot.touch.sensor.shapes import Shape

UNIT = np.array([0.5, 0.5, 0.5, *np.deg2rad([3.0, 3.0, 3.0])])
"""One unit of each number of an increment (mm, rad): the strictest success asked for. It sets how millimetres
compare with degrees."""

STEP = np.array([0.3, 0.3, 0.3, *np.deg2rad([1.5, 1.5, 1.5])])
"""Of the differences (mm, rad): wide beside a cell of the sensor's fine grid, small beside a part."""

TAXEL_NOISE_N, JOINT_NOISE_MM = 0.012 * FULL_SCALE_N, 0.05
"""Standard deviations of a taxel and a joint for which the bound is computed: above those of the simulated
read-out, so that what counts as observable is so with a margin."""

LIMIT = 1.0 / 3.0
"""A motion whose Cramer-Rao bound is above this many units, 0.17 mm or 1 degree, is not observable: of a
turned pentagon or disc even a method that knows the shape would miss the tolerance too often."""

SUBSAMPLES = 10
"""Of the sensor that is differentiated: coarser rays see corners of a circle that cannot be felt."""

PROBE_N = 5.0
"""Force on each pad."""


@dataclass(frozen=True)
class Observable:
    """Of b grasps. projector: [b, 6, 6], takes an increment to its observable part; dropped: int [b], motions
    that are not observable (0 to 6; the closing axis is always one of them)."""

    projector: np.ndarray
    dropped: np.ndarray

    def part(self, vectors: np.ndarray) -> np.ndarray:
        """The observable parts of increments [b, 6]."""
        return np.einsum("bij,bj->bi", self.projector, vectors)


class Probe:
    """Measures observability with a sensor of its own: nominal skin, rays in the middle of finer cells."""

    def __init__(self) -> None:
        self._sensor = Foundation(subsamples=SUBSAMPLES, jitter=False)

    def information(self, shapes: Sequence[Shape], poses: np.ndarray) -> np.ndarray:
        """Fisher information [b, 6, 6] about motions of objects at poses [b, 4, 4], per UNIT."""
        jacobian = self.jacobian(shapes, poses) * UNIT
        return np.einsum("bki,bkj->bij", jacobian, jacobian)

    def jacobian(self, shapes: Sequence[Shape], poses: np.ndarray) -> np.ndarray:
        """Change of every taxel and joint, in standard deviations of its noise, per mm and rad: [b, n, 6]."""
        b, fingers = len(shapes), len(self._sensor.hand)
        steps = np.concatenate([np.diag(STEP), -np.diag(STEP)])
        nudged = (to_matrix(steps)[:, None] @ poses).reshape(-1, 4, 4)
        everyone = list(shapes) * (2 * VECTOR)
        rng = np.random.default_rng(0)  # unused: without jitter nothing is drawn
        force = np.full((len(everyone), fingers), PROBE_N)
        grasps = self._sensor.grasp(everyone, nudged, force, nominal_skin(len(everyone), fingers), rng)
        felt = np.concatenate(
            [grasps.forces.reshape(len(everyone), -1) / TAXEL_NOISE_N, grasps.joints / JOINT_NOISE_MM], axis=1
        ).reshape(2, VECTOR, b, -1)
        return np.moveaxis(felt[0] - felt[1], 0, -1) / (2.0 * STEP)

    def observable(self, shapes: Sequence[Shape], poses: np.ndarray) -> Observable:
        """Which motions touch can tell of objects at poses [b, 4, 4]."""
        values, vectors = np.linalg.eigh(self.information(shapes, poses))
        kept = values > 1.0 / LIMIT**2
        projector = np.einsum("bik,bk,bjk->bij", vectors, kept.astype(float), vectors)
        return Observable(projector * UNIT[:, None] / UNIT, VECTOR - kept.sum(axis=1))
