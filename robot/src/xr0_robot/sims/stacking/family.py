"""A brick belongs on another: two colours, and the sentence that says which on which."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from xr0_robot.sims.brick_table import tasks
from xr0_robot.sims.brick_table.env import BrickTable
from xr0_robot.sims.brick_table.layout import BRICKS
from xr0_robot.sims.brick_table.tasks import COLOURS, Goal

WORDINGS = (
    "put the {colour} brick on top of the {place} brick",
    "stack the {colour} block on the {place} block",
    "place the {colour} brick onto the {place} one",
    "pick up the {colour} brick and set it down on the {place} brick",
    "grab the {colour} block and put it on top of the {place} block",
    "take the {colour} brick and stack it on the {place} brick",
    "the {colour} brick belongs on top of the {place} brick",
    "bring the {colour} cube onto the {place} cube",
)
"""One meaning in several words; the brick to pick up is always named first."""

HEIGHT = BRICKS[0].size[2]
"""Of each brick [m]."""

OVERLAP = 0.013
"""Centres nearer than this [m], along and across the table: the upper brick cannot tip."""

LEVEL = 0.006
"""A brick on another is a brick's height above it, within this [m]."""

DROP = 0.002
"""From so far above the lower brick the upper one is let go [m]."""


@dataclass(frozen=True)
class Stacking:
    """The brick of `colour` belongs on that of the colour `place`; `instruction` is how it was said."""

    colour: str
    place: str
    instruction: str

    def done(self, table: BrickTable) -> bool:
        """Whether it is on that one."""
        centres = table.object_positions()
        x, y, z = centres[self.colour] - centres[self.place]
        return bool(np.hypot(x, y) < OVERLAP and abs(z - HEIGHT) < LEVEL)

    def goal(self, table: BrickTable) -> Goal:
        """Above the lower brick, turned as it is."""
        x, y, z = table.object_positions()[self.place]
        yaw = table.brick_yaw(self.place)
        return Goal(np.array([x, y]), z + HEIGHT + DROP, yaw, near_m=0.004, low_m=0.003, turn_rad=0.08)


class StackingFamily:
    """Each colour on each other."""

    wordings = WORDINGS

    def sample(self, rng: np.random.Generator, wordings: tuple[str, ...]) -> Stacking:
        """A task and its wording, each uniformly drawn."""
        return _drawn(list(permutations(COLOURS, 2)), rng, wordings)

    def another(self, task: tasks.Task, rng: np.random.Generator, wordings: tuple[str, ...]) -> Stacking:
        """A task of another meaning than `task`: another brick above or below, or both."""
        others = [pair for pair in permutations(COLOURS, 2) if pair != (task.colour, task.place)]
        return _drawn(others, rng, wordings)

    def parse(self, instruction: str) -> Stacking:
        """The task in a user's sentence, in which the upper brick comes first; ValueError unless it names two
        known colours."""
        words = re.findall(r"[a-z]+", instruction.lower())
        named = list(dict.fromkeys(word for word in words if word in COLOURS))
        if len(named) != 2:
            raise ValueError(
                f"instruction {instruction!r}: got colours {named}, expected two of {', '.join(COLOURS)}, "
                "first the brick that goes on top"
            )
        return Stacking(named[0], named[1], instruction)


def _drawn(pairs: list[tuple[str, str]], rng: np.random.Generator, wordings: tuple[str, ...]) -> Stacking:
    colour, place = pairs[rng.integers(len(pairs))]
    wording = wordings[rng.integers(len(wordings))]
    return Stacking(colour, place, wording.format(colour=colour, place=place))
