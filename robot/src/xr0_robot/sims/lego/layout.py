"""Where assemblies stand, and which brick has which colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xr0_robot.sims.lego import assembly as assemblies
from xr0_robot.sims.lego.assembly import BEAM, Assembly, Placed
from xr0_robot.sims.lego.bricks import COLOURS
from xr0_robot.sims.lego.tasks import Task

CENTRE = ((0.38, 0.44), (-0.02, 0.02))
"""x and y [m] of the middle of a wall that stands alone."""

ROW_X = (0.33, 0.43, 0.53)
"""x [m] of the middles of walls that stand behind each other: an open hand has room between them."""

MAX_YAW = 0.2
"""A wall that stands alone is turned by at most this from the robot's left to its right [rad]."""


@dataclass(frozen=True)
class Wall:
    """An assembly on the table. numbers: of its beam and its bricks, as bodies; place [m] of the beam's
    middle, and yaw [rad] of its long axis from the robot's left."""

    assembly: Assembly
    numbers: tuple[int, ...]
    place: tuple[float, float]
    yaw: float

    def pose(self, placed: Placed) -> tuple[float, ...]:
        """x, y, z and quaternion of a brick in it."""
        along, height = placed.centre - [BEAM.centre[0], 0.0]
        angle = np.pi / 2 + self.yaw
        x, y = np.array(self.place) + along * np.array([np.cos(angle), np.sin(angle)])
        return (x, y, height, np.cos(angle / 2), 0.0, 0.0, np.sin(angle / 2))


def lay(rng: np.random.Generator, sizes: Sequence[int]) -> tuple[Wall, ...]:
    """Assemblies of so many bricks each, standing free of each other; ValueError for more than there is room
    for. Bricks have the first numbers, wall by wall, then come the beams."""
    if not 1 <= len(sizes) <= len(ROW_X):
        raise ValueError(f"lego: got {len(sizes)} assemblies, expected 1 to {len(ROW_X)}")
    alone, walls, first = len(sizes) == 1, [], 0
    for beam, (size, row) in enumerate(zip(sizes, ROW_X, strict=False), start=sum(sizes)):
        x, y = rng.uniform(*np.transpose(CENTRE))
        yaw = float(rng.uniform(-MAX_YAW, MAX_YAW)) if alone else 0.0
        numbers = (beam, *range(first, first + size))
        walls.append(Wall(assemblies.draw(rng, size), numbers, (x if alone else row, y), yaw))
        first += size
    return tuple(walls)


def paint(rng: np.random.Generator, walls: Sequence[Wall], task: Task) -> list[str]:
    """A colour for each brick, by its number; where one colour is asked for, its bricks are on top of the
    others, and some others there are."""
    layers = {
        n: p.layer for wall in walls for n, p in zip(wall.numbers, wall.assembly, strict=True) if p.layer
    }
    count = len(layers)
    if task.colour is None:
        return [str(colour) for colour in rng.choice(list(COLOURS), size=count)]
    others = [colour for colour in COLOURS if colour != task.colour]
    colours = [str(colour) for colour in rng.choice(others, size=count)]
    wanted = int(rng.integers(1, max(2, count // 2)))
    for number in sorted(layers, key=lambda number: (-layers[number], rng.random()))[:wanted]:
        colours[number] = task.colour
    return colours
