"""Where on a towel to take hold of it: corners, edges and creases, from its points [n, n, 3]."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np

from xr0_robot.sims.towels import judge
from xr0_robot.sims.towels.cloth import GRID, THICK
from xr0_robot.sims.towels.towel import Towel

Index = tuple[int, int]

LAST, HALF = GRID - 1, GRID // 2
RIM, CREASE = (0, LAST), (HALF,)
"""Rows that lie over each other when a towel is folded in half: an odd grid has a row to fold at."""
ALL: tuple[Index, ...] = tuple((i, j) for i in range(GRID) for j in range(GRID))
CORNERS: tuple[Index, ...] = ((0, 0), (0, LAST), (LAST, 0), (LAST, LAST))

COVERED_M = 0.02
"""What lies this near to a point, seen from above, and higher, covers it [m]."""

CAUGHT_M = 0.028
"""And what lies this near in space is caught with it, more or less [m]."""

FINE = 3
"""Points between two of the grid's, for what covers what."""

HALVED_M = 0.025
"""Edges of a towel that was folded in half are as long as they should be, but for this [m]."""

FLAT = 0.93
"""A towel is spread whose rectangle is no shorter than this share."""


def indices(held: np.ndarray) -> list[Index]:
    """Points by their row and column, from their numbers."""
    return [divmod(int(k), GRID) for k in held]


def crowd(points: np.ndarray, index: Index) -> int:
    """How many points that are no neighbours in the towel a hand would catch with this one."""
    rows = np.arange(GRID)
    apart = np.maximum(abs(rows - index[0])[:, None], abs(rows - index[1])[None, :]) > 1
    near = np.linalg.norm(points - points[index], axis=-1) < CAUGHT_M
    return int((apart & near).sum())


def corner(held: np.ndarray) -> Index | None:
    """The corner that a hand holds with nothing far from it; None if it holds none, or too much."""
    grid = indices(held)
    found = [c for c in CORNERS if c in grid]
    if len(found) != 1:
        return None
    near = all(max(abs(i - found[0][0]), abs(j - found[0][1])) <= 1 for i, j in grid)
    return found[0] if near else None


def beside(index: Index) -> tuple[Index, Index]:
    """The two corners that share an edge with a corner."""
    i, j = index
    return (LAST - i, j), (i, LAST - j)


def across(index: Index, neighbour: Index) -> Index:
    """The corner at the other end of the edge that `index` does not share with `neighbour`."""
    a, b = beside(index)
    return a if b == neighbour else b


def edges(towel: Towel, left: Index, right: Index) -> tuple[float, float]:
    """Length of the edge between two neighbouring corners, and of the other [m]."""
    along_i = left[1] == right[1]
    return towel.size if along_i else (towel.size[1], towel.size[0])


def exposed(points: np.ndarray, index: Index) -> bool:
    """Whether nothing lies on a corner."""
    fine = _refined(points)
    rows = np.arange(len(fine))
    i, j = (FINE * k for k in index)
    apart = np.maximum(abs(rows - i)[:, None], abs(rows - j)[None, :]) > FINE
    beside_ = np.linalg.norm(fine[..., :2] - points[index][:2], axis=-1) < COVERED_M
    higher = fine[..., 2] > points[index][2] + THICK / 2
    return not bool((apart & beside_ & higher).any())


def spread(points: np.ndarray, towel: Towel) -> bool:
    """Whether it lies open, though a hand holds it."""
    found, (short, long) = judge.rectangle(points), sorted(towel.size)
    return found.short > FLAT * short and found.long > FLAT * long


def halved(points: np.ndarray, towel: Towel) -> int | None:
    """The axis (0 along i, 1 along j) that is folded in half, edge on edge, its crease nearer to the robot
    than its rim; None if there is none."""
    found = judge.rectangle(points)
    for axis in (0, 1):
        rows = np.moveaxis(points, axis, 0)
        off = np.linalg.norm((rows[:HALF] - rows[::-1][:HALF])[..., :2], axis=-1).max()
        short, long = sorted((towel.size[axis] / 2, towel.size[1 - axis]))
        fits = abs(found.short - short) < HALVED_M and abs(found.long - long) < HALVED_M
        depth = rows[RIM, :, 0].mean() - rows[CREASE, :, 0].mean()
        if fits and off < 2 * judge.ALIGNED_M and depth > towel.size[axis] / 4:
            return axis
    return None


Group = tuple[Index, ...]
"""Points that lie over each other."""


def half_spots(points: np.ndarray, axis: int) -> Mapping[str, tuple[Group, Group]]:
    """For the hands that fold a halved towel again from right to left: the points that each takes, and those
    on which it lays them. The left hand takes the rim, the right one the crease."""

    def group(rows: tuple[int, ...], end: int) -> Group:
        return tuple((row, end) if axis == 0 else (end, row) for row in rows)

    ends = sorted(RIM, key=lambda end: middle(points, group(RIM, end))[1])
    return {
        side: (group(rows, ends[0]), group(rows, ends[1]))
        for side, rows in (("left", RIM), ("right", CREASE))
    }


def quarter_spots(points: np.ndarray) -> Mapping[str, Group]:
    """For the hands that lift a towel folded twice: the two ends of its far edge."""
    groups = [tuple(product(rows, columns)) for rows in (RIM, CREASE) for columns in (RIM, CREASE)]
    far = sorted(groups, key=lambda group: middle(points, group)[0])[2:]
    right, left = sorted(far, key=lambda group: middle(points, group)[1])
    return {"left": left, "right": right}


def middle(points: np.ndarray, group: Group) -> np.ndarray:
    """Mean place of a group [3]."""
    return np.mean([points[index] for index in group], axis=0)


def _refined(points: np.ndarray) -> np.ndarray:
    """Points between, along both axes; [FINE (n - 1) + 1] each."""
    for axis in (0, 1):
        p = np.moveaxis(points, axis, 0)
        between = [p[:-1] + (p[1:] - p[:-1]) * k / FINE for k in range(FINE)]
        fine = np.stack(between, axis=1).reshape(-1, *p.shape[1:])
        points = np.moveaxis(np.concatenate([fine, p[-1:]]), 0, axis)
    return points
