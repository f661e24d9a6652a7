"""A brick belongs in a bin: a colour, a side, and the sentence that says so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xr0_robot.sims.brick_table import layout, tasks
from xr0_robot.sims.brick_table.env import BrickTable
from xr0_robot.sims.brick_table.tasks import COLOURS, SIDES, Goal

WORDINGS = (
    "put the {colour} brick in the {side} bin",
    "move the {colour} block to the {side} box",
    "pick up the {colour} brick and drop it into the bin on the {side}",
    "place the {colour} block into the {side} container",
    "grab the {colour} brick and put it in the {side} box",
    "take the {colour} block to the bin on the {side}",
    "the {colour} brick belongs in the {side} bin",
    "bring the {colour} cube to the {side} bin",
)
"""One meaning in several words, so that a policy must read the colour and the side, wherever they stand."""

REORDERED = (
    "in the {side} bin put the {colour} brick",
    "drop the {colour} cube into the {side} box",
    "the {colour} block belongs on the {side} in the container",
    "grab the {colour} brick and move it to the {side} bin",
)
"""Unseen sentences, of words that are all in `WORDINGS`."""

NEW_WORDS = (
    "please throw the {colour} brick into the {side} basket",
    "carry the {colour} toy over to the {side} tray",
    "i want the {colour} piece inside the {side} bin",
    "could you deliver the {colour} block to the crate on your {side}",
)
"""Unseen sentences, of which each has words that neither the sentences nor the questions of training have."""

RELEASE_Z = 0.050
"""Tool height at which to let go, inside the walls [m]."""


@dataclass(frozen=True)
class Sorting:
    """The brick of `colour` belongs in the bin on the side `place`; `instruction` is how it was said."""

    colour: str
    place: str
    instruction: str

    def done(self, table: BrickTable) -> bool:
        """Whether it lies in that bin."""
        return table.bin_of(self.colour) == self.place

    def goal(self, table: BrickTable) -> Goal:
        """Above the middle of the bin."""
        centre = next(bin_.centre for bin_ in layout.BINS if bin_.name == self.place)
        return Goal(np.array(centre), RELEASE_Z, yaw=0.0, near_m=0.015, low_m=0.01, turn_rad=np.inf)


class SortingFamily:
    """Each colour in each bin."""

    wordings = WORDINGS

    def sample(self, rng: np.random.Generator, wordings: tuple[str, ...]) -> Sorting:
        """A task and its wording, each uniformly drawn."""
        return _worded(str(rng.choice(COLOURS)), str(rng.choice(SIDES)), rng, wordings)

    def another(self, task: tasks.Task, rng: np.random.Generator, wordings: tuple[str, ...]) -> Sorting:
        """A task of another meaning than `task`: another colour or side, or both."""
        others = [(c, s) for c in COLOURS for s in SIDES if (c, s) != (task.colour, task.place)]
        return _worded(*others[rng.integers(len(others))], rng, wordings)

    def parse(self, instruction: str) -> Sorting:
        """The task in a user's sentence; ValueError unless it names exactly one known colour and one side."""
        return Sorting(*tasks.colour_and_side(instruction), instruction)


def _worded(colour: str, side: str, rng: np.random.Generator, wordings: tuple[str, ...]) -> Sorting:
    wording = wordings[rng.integers(len(wordings))]
    return Sorting(colour, side, wording.format(colour=colour, side=side))
