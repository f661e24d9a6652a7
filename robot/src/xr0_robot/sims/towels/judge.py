"""What has become of a towel, from the places of its points alone.

Points are [n, n, 3] in the world [m], n even. A towel that is folded twice has four layers, its quarters, and
points that were mirror images of each other lie over each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from xr0_robot.sims.towels.cloth import THICK
from xr0_robot.sims.towels.towel import Towel

ALIGNED_M = 0.035
"""Points that belong over each other lie this near to their middle, all of them [m]."""

FOOTPRINT = 1.25
"""A folded towel's rectangle is longer by this factor at most."""

SPREAD = 0.95
"""A flat towel's rectangle is shorter by this factor at most."""

HIGH_M = 4 * THICK + 0.040
"""Above what it lies on: four layers and a crease that stands up, at most [m]."""

FLAT_M = THICK + 0.014
"""One layer that is not quite flat, at most [m]."""

THERE_M, THERE_RAD = 0.030, 0.26
"""A towel on the stack lies this near to its middle, and turned by no more from square [m, rad]."""

SUNK_M = 0.012
"""No point of it lies lower than this under the stack's top, but for what hangs over its rim [m]."""

LYING_SHARE = 0.75
"""So much of it lies on the stack."""


@dataclass(frozen=True)
class Rectangle:
    """The smallest one around a footprint: lengths of its long and short edge [m], and the yaw of the
    nearest edge from square, in [-pi/4, pi/4] rad."""

    long: float
    short: float
    yaw: float


def quarters(points: np.ndarray) -> np.ndarray:
    """[2, 2, n/2, n/2, 3]: quarters by their side along i and j, each counted from its own corner."""
    half = len(points) // 2
    sides = [[points[::a, ::b][:half, :half] for b in (1, -1)] for a in (1, -1)]
    return np.array(sides)


def misaligned(points: np.ndarray) -> float:
    """How far a point lies from the middle of those it belongs over, at worst [m], seen from above."""
    layers = quarters(points)[..., :2]
    return float(np.linalg.norm(layers - layers.mean(axis=(0, 1)), axis=-1).max())


def layered(points: np.ndarray) -> bool:
    """Whether the quarters lie in an order that two folds can make: from the lowest to the highest each is
    next to the one before it in the towel, and the first fold made two pairs alike."""
    heights = quarters(points)[..., 2].mean(axis=(2, 3))
    order = [divmod(int(k), 2) for k in np.argsort(heights, axis=None)]
    steps = [abs(a[0] - b[0]) + abs(a[1] - b[1]) for a, b in pairwise(order)]
    return steps == [1, 1, 1]


def rectangle(points: np.ndarray) -> Rectangle:
    """Around the points, seen from above."""
    yaws = np.deg2rad(np.arange(-45, 45))
    flat = points.reshape(-1, 3)[:, :2]
    axes = np.stack([np.cos(yaws), np.sin(yaws), -np.sin(yaws), np.cos(yaws)], axis=1).reshape(-1, 2, 2)
    extents = np.ptp(axes @ flat.T, axis=2)
    best = int(np.argmin(extents.prod(axis=1)))
    short, long = sorted(extents[best].tolist())
    return Rectangle(long, short, float(yaws[best]))


def flattened(points: np.ndarray, towel: Towel) -> bool:
    """Whether it lies open and flat, wherever."""
    found, (short, long) = rectangle(points), sorted(towel.size)
    return bool(
        found.short > SPREAD * short and found.long > SPREAD * long and np.ptp(points[..., 2]) < FLAT_M
    )


def folded(points: np.ndarray, towel: Towel) -> bool:
    """Whether it is folded twice, once along and once across, edge on edge, wherever."""
    found, (short, long) = rectangle(points), sorted(towel.folded)
    fits = found.short < FOOTPRINT * short and found.long < FOOTPRINT * long
    return bool(fits and misaligned(points) < ALIGNED_M and layered(points))


def stacked(points: np.ndarray, place: tuple[float, float], height: float) -> bool:
    """Whether it lies square and low on a stack whose top's middle is `place` at `height` [m]."""
    off = points[..., :2].mean(axis=(0, 1)) - place
    on = points[..., 2] > height - SUNK_M
    low = points[..., 2].max() < height + HIGH_M
    turned = abs(rectangle(points).yaw)
    return bool(low and np.hypot(*off) < THERE_M and turned < THERE_RAD and on.mean() > LYING_SHARE)
