"""A brick belongs at an edge of the table: a colour, a side, and the sentence that says so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xr0_robot.sims.brick_table import tasks
from xr0_robot.sims.brick_table.env import REST_HEIGHT, BrickTable
from xr0_robot.sims.brick_table.tasks import COLOURS, SIDES, Goal

WORDINGS = (
    "lay the {colour} brick at the {side} edge of the table",
    "set the {colour} block down on the far {side}",
    "move the {colour} brick aside to the {side} edge",
    "push the {colour} block away to the {side}",
    "clear the {colour} brick off to the {side} of the table",
    "take the {colour} cube and lay it at the {side} edge",
    "the {colour} brick goes to the {side} end of the table",
    "bring the {colour} block to the {side} border",
)
"""One meaning in several words."""

SPOTS = {"left edge": (0.42, 0.23), "right edge": (0.42, -0.23)}
"""Middle of each edge [m], beside where bricks lie at reset (`layout.WORKSPACE`)."""

HALF = (0.06, 0.045)
"""A brick is at the edge if its centre lies within this of the spot, along and across the table [m]."""

RELEASE_Z = 0.050
"""Tool height at which to let go, above the bricks that lie there [m]."""


@dataclass(frozen=True)
class Edge:
    """The brick of `colour` belongs at the edge `place`; `instruction` is how it was said."""

    colour: str
    place: str
    instruction: str

    def done(self, table: BrickTable) -> bool:
        """Whether it lies there."""
        centre = table.object_positions()[self.colour]
        beside = np.abs(centre[:2] - SPOTS[self.place])
        return bool((beside < HALF).all() and centre[2] < REST_HEIGHT)

    def goal(self, table: BrickTable) -> Goal:
        """Above the spot."""
        spot = np.array(SPOTS[self.place])
        return Goal(spot, RELEASE_Z, yaw=0.0, near_m=0.015, low_m=0.01, turn_rad=np.inf)


class EdgeFamily:
    """Each colour at each edge."""

    wordings = WORDINGS

    def sample(self, rng: np.random.Generator, wordings: tuple[str, ...]) -> Edge:
        """A task and its wording, each uniformly drawn."""
        return _worded(str(rng.choice(COLOURS)), str(rng.choice(SIDES)), rng, wordings)

    def another(self, task: tasks.Task, rng: np.random.Generator, wordings: tuple[str, ...]) -> Edge:
        """A task of another meaning than `task`: another colour or edge, or both."""
        others = [(c, s) for c in COLOURS for s in SIDES if (c, _edge(s)) != (task.colour, task.place)]
        return _worded(*others[rng.integers(len(others))], rng, wordings)

    def parse(self, instruction: str) -> Edge:
        """The task in a user's sentence; ValueError unless it names exactly one known colour and one side."""
        colour, side = tasks.colour_and_side(instruction)
        return Edge(colour, _edge(side), instruction)


def _worded(colour: str, side: str, rng: np.random.Generator, wordings: tuple[str, ...]) -> Edge:
    wording = wordings[rng.integers(len(wordings))]
    return Edge(colour, _edge(side), wording.format(colour=colour, side=side))


def _edge(side: str) -> str:
    return f"{side} edge"
