"""A reference that knows the object: fit its pose to the images, with its true shape and the elastic
foundation's equations.

It knows the shape and where the goal truly is, and takes the skin for nominal; it does not know this sensor's
gain, skin or mounting. Goal and current are both fitted (Levenberg-Marquardt, the current from where image
registration ends), so that what is wrong in the same way with both drops out of the increment.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xr0.touch.baselines import CERTAIN, registration
from xr0.touch.closed_loop import Reading
from xr0.touch.foundation import Foundation
from xr0.touch.observability import PROBE_N, UNIT
from xr0.touch.randomise import nominal_skin
from xr0_robot.touch.sensor.increment import VECTOR, increment, to_matrix, to_vector
from xr0_robot.touch.sensor.shapes import Shape

FELT = np.arange(1, VECTOR)
"""Numbers of an increment that are fitted: all but the closing axis."""

ITERATIONS = 8
"""Steps of the fit; each renders eleven grasps."""

STEP_UNITS = 0.3
"""Of the differences, in UNITs."""

DAMPING = (1e-2, 10.0, 0.3)
"""At first, as a share of the diagonal; times this after a step that made it worse, and after one that
helped."""

FORCE_SCALE = 0.05
"""A taxel's share of the pad's force that counts as one: residuals are differences of shares."""


class FitOfTrueShape:
    """A `closed_loop.Method` that looks at the shapes, for episodes with these goals [b, 4, 4] in turn."""

    def __init__(self, shapes: Sequence[Shape], goals: np.ndarray) -> None:
        self._goals = {id(shape): goal for shape, goal in zip(shapes, goals, strict=True)}
        self._fitted: dict[int, np.ndarray] = {}
        self._sensor = Foundation(jitter=False)

    def __call__(
        self, current: Reading, goal: Reading, shapes: Sequence[Shape]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Increments from fitted poses."""
        first, _ = registration(current, goal, shapes)
        now, then = (_shares(reading.images.astype(float)) for reading in (current, goal))
        found = []
        for k, shape in enumerate(shapes):
            true = self._goals[id(shape)]
            if (
                id(shape) not in self._fitted
            ):  # what the goal's image would have one believe, off the true goal
                self._fitted[id(shape)] = self._fit(shape, true, then[k], np.zeros(VECTOR))
            seen = self._fitted[id(shape)]
            guess = to_vector(to_matrix(first[k]) @ to_matrix(seen))
            moved = self._fit(shape, true, now[k], guess)
            found.append(to_vector(increment(to_matrix(moved), to_matrix(seen))))
        return np.stack(found), np.tile(CERTAIN, (len(found), 1))

    def _fit(self, shape: Shape, goal: np.ndarray, shares: np.ndarray, w: np.ndarray) -> np.ndarray:
        """The increment [6] whose rendered pads [f, 11, 9] come closest to the felt ones."""
        damping = DAMPING[0]
        steps = np.zeros((2 * len(FELT), VECTOR))
        steps[np.arange(len(FELT)), FELT] = STEP_UNITS * UNIT[FELT]
        steps[len(FELT) :] = -steps[: len(FELT)]
        residual = (shares - self._render(shape, goal, w[None])[0]).ravel()
        for _ in range(ITERATIONS):
            nudged = self._render(shape, goal, w + steps).reshape(2, len(FELT), -1)
            jacobian = ((nudged[0] - nudged[1]) / (2.0 * STEP_UNITS)).T  # per UNIT
            normal = jacobian.T @ jacobian
            ridge = damping * (np.diag(np.diag(normal)) + 1e-4 * np.eye(len(FELT)))
            further = w.copy()
            further[FELT] += UNIT[FELT] * np.clip(
                np.linalg.solve(normal + ridge, jacobian.T @ residual), -3, 3
            )
            left = (shares - self._render(shape, goal, further[None])[0]).ravel()
            better = left @ left < residual @ residual
            w, residual = (further, left) if better else (w, residual)
            damping *= DAMPING[2] if better else DAMPING[1]
        return w

    def _render(self, shape: Shape, goal: np.ndarray, increments: np.ndarray) -> np.ndarray:
        """What nominal pads would feel after these increments [n, 6] from the goal, as shares of their
        force."""
        n, fingers = len(increments), len(self._sensor.hand)
        poses = to_matrix(increments) @ goal
        rng = np.random.default_rng(0)  # unused: without jitter nothing is drawn
        force = np.full((n, fingers), PROBE_N)
        return _shares(self._sensor.grasp([shape] * n, poses, force, nominal_skin(n, fingers), rng).forces)


def _shares(images: np.ndarray) -> np.ndarray:
    total = images.sum(axis=(-2, -1), keepdims=True)
    return images / np.maximum(total, 1e-9) / FORCE_SCALE
