"""Baselines without learning: methods that look at the images' moments, or lay one image over the other.

All work in the plane of the pads, on y, z and the turn about x; none can see tilt. Each is a
`closed_loop.Method`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xr0.touch.closed_loop import Reading
from xr0_robot import rotation
from xr0_robot.touch.sensor.increment import VECTOR
from xr0_robot.touch.sensor.pads import COLUMNS, PARALLEL, PITCH_MM, ROWS, taxel_centres
from xr0_robot.touch.sensor.shapes import Shape

CERTAIN = np.full(VECTOR, 1e-3)
"""Baselines have no estimate of their uncertainty: they count as certain."""

ROUNDNESS = 0.15
"""An image whose two second moments differ by less than this share has no principal axis to speak of."""

GRID_MM = np.arange(-2, 3) * PITCH_MM
GRID_TURN = np.deg2rad([-16.0, -8.0, 0.0, 8.0, 16.0])
"""Shifts, about that of the centres of pressure, and turns from which the registration takes the best, before
it is refined."""

REFINEMENTS = 8
"""Gauss-Newton steps of the registration."""

NUDGE = np.array([0.1, 0.1, np.deg2rad(1.0)])
"""Of its differences (mm, mm, rad)."""

DAMPING = 1e-3
"""Share of the diagonal that is added to the normal equations."""


def nothing(current: Reading, goal: Reading, shapes: Sequence[Shape]) -> tuple[np.ndarray, np.ndarray]:
    """No refinement."""
    del goal, shapes
    return _answer(np.zeros((len(current.images), 3)))


def centroid(current: Reading, goal: Reading, shapes: Sequence[Shape]) -> tuple[np.ndarray, np.ndarray]:
    """Move the centre of pressure where it was."""
    del shapes
    shift = (_centres(current.images) - _centres(goal.images)).mean(axis=1)
    return _answer(np.column_stack([shift, np.zeros(len(shift))]))


def moments(current: Reading, goal: Reading, shapes: Sequence[Shape]) -> tuple[np.ndarray, np.ndarray]:
    """The centre of pressure, and the principal axis of the pressure's second moments."""
    del shapes
    (angle, long), (goal_angle, goal_long) = _axes(current.images), _axes(goal.images)
    turn = (angle - goal_angle + np.pi / 2) % np.pi - np.pi / 2  # an axis has no sign
    weight = long * goal_long
    turn = (turn * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9)
    now, then = _centres(current.images).mean(axis=1), _centres(goal.images).mean(axis=1)
    return _answer(np.column_stack([now - _turned(then, turn), turn]))


def registration(current: Reading, goal: Reading, shapes: Sequence[Shape]) -> tuple[np.ndarray, np.ndarray]:
    """The shift and turn that lay the goal's images best over the current ones, by squared differences."""
    del shapes
    shifts = (_centres(current.images) - _centres(goal.images)).mean(axis=1)
    pairs = zip(_normalised(current.images), _normalised(goal.images), shifts, strict=True)
    return _answer(np.stack([_register(*pair) for pair in pairs]))


def _register(now: np.ndarray, then: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """(y, z, turn) for images [f, 11, 9] whose centres of pressure are [2] apart."""
    grid = np.stack(np.meshgrid(GRID_MM, GRID_MM, GRID_TURN, indexing="ij"), axis=-1).reshape(-1, 3)
    grid[:, :2] += shift
    best = grid[np.argmin(_mismatch(now, then, grid))]
    for _ in range(REFINEMENTS):
        nudged = np.concatenate([best[None], best + np.diag(NUDGE), best - np.diag(NUDGE)])
        laid = _laid_over(then, nudged).reshape(len(nudged), -1)
        residual = now.ravel() - laid[0]
        jacobian = ((laid[1:4] - laid[4:7]) / (2.0 * NUDGE[:, None])).T
        normal = jacobian.T @ jacobian
        step = np.linalg.lstsq(
            normal + DAMPING * np.diag(np.diag(normal)), jacobian.T @ residual, rcond=None
        )[0]
        further = best + np.clip(step, -2.0 * NUDGE, 2.0 * NUDGE)
        if _mismatch(now, then, further[None])[0] >= _mismatch(now, then, best[None])[0]:
            break
        best = further
    return best


def _mismatch(now: np.ndarray, then: np.ndarray, motions: np.ndarray) -> np.ndarray:
    """Mean squared difference [m] for motions [m, 3]."""
    return ((now - _laid_over(then, motions)) ** 2).mean(axis=(1, 2, 3))


def _laid_over(images: np.ndarray, motions: np.ndarray) -> np.ndarray:
    """Images [f, 11, 9] of a thing that has moved by [m, 3]: [m, f, 11, 9], zero coming in from outside."""
    y, z = _places()
    cosine, sine = np.cos(motions[:, 2]), np.sin(motions[:, 2])
    dy = y - motions[:, 0][:, None, None, None]
    dz = z - motions[:, 1][:, None, None, None]
    cosine, sine = cosine[:, None, None, None], sine[:, None, None, None]
    source_y, source_z = cosine * dy + sine * dz, -sine * dy + cosine * dz
    column = source_y * _signs() / PITCH_MM + (COLUMNS - 1) / 2
    row = source_z / PITCH_MM + (ROWS - 1) / 2
    seen = (column >= 0) & (column <= COLUMNS - 1) & (row >= 0) & (row <= ROWS - 1)
    left = np.clip(np.floor(column).astype(int), 0, COLUMNS - 2)
    low = np.clip(np.floor(row).astype(int), 0, ROWS - 2)
    a, b = np.clip(column - left, 0, 1), np.clip(row - low, 0, 1)
    pad = np.arange(len(images))[None, :, None, None]
    laid = (1 - b) * ((1 - a) * images[pad, low, left] + a * images[pad, low, left + 1]) + b * (
        (1 - a) * images[pad, low + 1, left] + a * images[pad, low + 1, left + 1]
    )
    return np.where(seen, laid, 0.0)


def _signs() -> np.ndarray:
    """Which way each pad's y points in the gripper's frame: [f, 1, 1]."""
    return np.array([finger.frame()[1, 1] for finger in PARALLEL])[:, None, None]


def _places() -> tuple[np.ndarray, np.ndarray]:
    """y and z of every taxel in the gripper's frame: two of [f, 11, 9]."""
    y, z = taxel_centres()
    return y * _signs(), z * np.ones_like(_signs())


def _normalised(images: np.ndarray) -> np.ndarray:
    """Each pad's image over its mean: grip force and gain drop out."""
    return images / np.maximum(images.mean(axis=(-2, -1), keepdims=True), 1e-9)


def _centres(images: np.ndarray) -> np.ndarray:
    """Centres of pressure [b, f, 2] (y, z) in mm."""
    share = _normalised(images.astype(float)) / (ROWS * COLUMNS)
    return np.stack([(share * place).sum(axis=(-2, -1)) for place in _places()], axis=-1)


def _axes(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Angle [b, f] of each image's principal axis about x, and how pronounced it is (0: no axis)."""
    share = _normalised(images.astype(float)) / (ROWS * COLUMNS)
    centre = _centres(images)[..., None, None, :]
    y, z = (place - centre[..., k] for k, place in enumerate(_places()))
    yy, zz, yz = ((share * product).sum(axis=(-2, -1)) for product in (y * y, z * z, y * z))
    length = np.hypot(yy - zz, 2 * yz)
    pronounced = length / np.maximum(yy + zz, 1e-9)
    return 0.5 * np.arctan2(2 * yz, yy - zz), np.where(pronounced > ROUNDNESS, pronounced, 0.0)


def _turned(points: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Points [b, 2] (y, z) turned about x by [b]."""
    turns = rotation.exp(np.column_stack([angle, np.zeros((len(angle), 2))]))[:, 1:, 1:]
    return np.einsum("bij,bj->bi", turns, points)


def _answer(motions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Increments [b, 6] of motions (y, z, turn about x)."""
    w = np.zeros((len(motions), VECTOR))
    w[:, 1:4] = motions
    return w, np.tile(CERTAIN, (len(w), 1))
