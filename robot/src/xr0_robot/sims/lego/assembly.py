"""An assembly as data: a beam on the table, and a wall of bricks upon it, each upon others.

Everything lies in the wall's grid: `layer` above the table, `start` the column of its first stud.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import ceil

import numpy as np

from xr0_robot.sims.lego.bricks import BEAM_COLUMNS, COLUMNS, HEIGHT, PITCH

TALLEST = 5
"""Layers, the beam's among them: a hand that holds the beam has room for the wall below its palm."""

LEAST = 2
"""Columns that a brick shares with what is below it, in all."""

ATTEMPTS = 1000
"""Draws of an assembly before giving up; a good one takes some."""

DRAWS_OF_A_LAYER = 50
"""Before one brick less is tried."""

BASE_SHARE = 0.35
"""Of the bricks, in the lowest layer."""

NARROWER = 0.3
"""Share of layers that have a brick less than the one below, though there were room."""


@dataclass(frozen=True)
class Placed:
    """A brick in the wall, or its beam."""

    layer: int
    start: int
    columns: int = COLUMNS

    @property
    def centre(self) -> np.ndarray:
        """Along the wall, from its column 0, and above the table, [2, m]."""
        return np.array([PITCH * (self.start + self.columns / 2), HEIGHT * (self.layer + 0.5)])


BEAM = Placed(0, 0, BEAM_COLUMNS)


@dataclass(frozen=True)
class Joint:
    """Studs of the brick `lower` are in the brick `upper`: `columns` of them, two in each."""

    lower: int
    upper: int
    columns: int


Assembly = tuple[Placed, ...]
"""The beam, then the bricks from the bottom up."""


def joints(assembly: Assembly) -> tuple[Joint, ...]:
    """All pairs that hold together."""
    found = []
    for (i, a), (j, b) in combinations(enumerate(assembly), 2):
        columns = _shared(a, b)
        if abs(a.layer - b.layer) == 1 and columns > 0:
            lower, upper = (i, j) if a.layer < b.layer else (j, i)
            found.append(Joint(lower, upper, columns))
    return tuple(found)


def check(assembly: Assembly) -> None:
    """ValueError, one line, for one that cannot stand, or not be taken apart from above brick by brick."""
    if not assembly or assembly[0] != BEAM:
        raise ValueError(f"assembly: got {assembly[:1]} first, expected the beam {BEAM}")
    for (i, a), (j, b) in combinations(enumerate(assembly), 2):
        if a.layer == b.layer and _shared(a, b) > 0:
            raise ValueError(
                f"assembly: got bricks {i} and {j} in one place, expected {COLUMNS} columns between"
            )
    all_joints, held = joints(assembly), _held_below(assembly)
    for number, brick in enumerate(assembly[1:], start=1):
        if held[number] < LEAST:
            raise ValueError(
                f"assembly: got brick {number} in layer {brick.layer} with {held[number]} columns upon "
                f"others, expected at least {LEAST}"
            )
    for joint in all_joints:
        if joint.lower > 0 and joint.columns >= held[joint.lower]:
            raise ValueError(
                f"assembly: got {joint.columns} columns of brick {joint.upper} upon brick {joint.lower}, "
                f"expected less than the {held[joint.lower]} that hold that one: it would come off too"
            )


def draw(rng: np.random.Generator, count: int) -> Assembly:
    """An assembly of `count` bricks; ValueError for none, or for more than there is room for, or for so many
    that chance finds none (22 and more)."""
    room = (TALLEST - 1) * (BEAM_COLUMNS // COLUMNS)
    if not 1 <= count <= room:
        raise ValueError(f"assembly: got {count} bricks, expected 1 to {room}")
    for _ in range(ATTEMPTS):
        assembly = _draw_once(rng, count)
        if len(assembly) == count + 1:
            return assembly
    raise ValueError(f"assembly: got {count} bricks, found no room for them in {ATTEMPTS} draws")


def _draw_once(rng: np.random.Generator, count: int) -> Assembly:
    """Layer upon layer, each of no more bricks than the one below; fewer in all where there is no room."""
    placed: list[Placed] = [BEAM]
    width = min(ceil(BASE_SHARE * count), BEAM_COLUMNS // COLUMNS)
    for layer in range(1, TALLEST):
        added = _layer(rng, placed, layer, min(width, count + 1 - len(placed)))
        placed += added
        width = max(1, len(added) - int(rng.random() < NARROWER))
    return tuple(placed)


def _layer(rng: np.random.Generator, placed: list[Placed], layer: int, number: int) -> list[Placed]:
    """So many bricks more, or less where they have no room."""
    below = [brick for brick in placed if brick.layer == layer - 1]
    if number == 0 or not below:
        return []
    low = max(0, min(brick.start for brick in below) - LEAST)
    high = min(BEAM_COLUMNS, max(brick.start + brick.columns for brick in below) + LEAST)
    room = high - low - number * COLUMNS
    for _ in range(DRAWS_OF_A_LAYER if room >= 0 else 0):
        starts = low + COLUMNS * np.arange(number) + np.sort(rng.integers(0, room + 1, size=number))
        added = [Placed(layer, int(start)) for start in starts]
        try:
            check((*placed, *added))
        except ValueError:
            continue
        return added
    return _layer(rng, placed, layer, number - 1)


def _held_below(assembly: Assembly) -> list[int]:
    """Columns that each shares with what is below it."""
    held = [0] * len(assembly)
    for joint in joints(assembly):
        held[joint.upper] += joint.columns
    return held


def _shared(a: Placed, b: Placed) -> int:
    """Columns that both cover."""
    return max(0, min(a.start + a.columns, b.start + b.columns) - max(a.start, b.start))


def pieces(count: int, pairs: Sequence[tuple[int, int]]) -> list[frozenset[int]]:
    """What hangs together, of `count` things of which these pairs do."""
    piece = {number: frozenset([number]) for number in range(count)}
    for a, b in pairs:
        if piece[a] is not piece[b]:
            joined = piece[a] | piece[b]
            piece.update(dict.fromkeys(joined, joined))
    return list(dict.fromkeys(piece.values()))
