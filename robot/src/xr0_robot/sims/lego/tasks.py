"""What is asked at the Lego table: all bricks sorted, or only those of one colour."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from xr0_robot.sims.lego.bricks import COLOURS

ALL = (
    "take the lego apart and put every brick in the bin of its colour",
    "disassemble the bricks and sort them by colour",
    "pull the lego apart and sort all the bricks into their bins",
    "take the blocks off each other and put each one in the box of its colour",
    "take this apart, every brick goes into its own bin",
    "sort the lego bricks by colour",
)
ONLY = (
    "take off only the {colour} bricks and put them in the {colour} bin",
    "only the {colour} ones",
    "pull off just the {colour} blocks and drop them in their box",
    "put only the {colour} lego in its bin",
    "sort out the {colour} bricks and leave the rest",
    "remove only the {colour} bricks",
)
"""Each meaning in several words."""


@dataclass(frozen=True)
class Task:
    """colour: of the bricks that belong in their bin, all where None; instruction: how it was said."""

    colour: str | None
    instruction: str

    def wants(self, colour: str) -> bool:
        """Whether a brick of that colour is to be sorted."""
        return self.colour in (None, colour)


def sample(rng: np.random.Generator, only: float) -> Task:
    """A task and its wording; with probability `only` it is about one colour."""
    if rng.random() >= only:
        return Task(None, str(rng.choice(ALL)))
    return _worded(str(rng.choice(list(COLOURS))), rng)


def another(task: Task, rng: np.random.Generator) -> Task:
    """A task about another colour, or about one where all were asked for."""
    return _worded(str(rng.choice([colour for colour in COLOURS if colour != task.colour])), rng)


def parse(instruction: str) -> Task:
    """The task in a user's sentence; ValueError where it names several colours, or no bricks at all."""
    words = re.findall(r"[a-z]+", instruction.lower())
    colours = sorted({word for word in words if word in COLOURS})
    things = {"lego", "brick", "bricks", "block", "blocks"} & set(words)
    if len(colours) > 1 or not (colours or things):
        raise ValueError(
            f"instruction {instruction!r}: got colours {colours}, expected all bricks, or those of one of "
            f"{', '.join(COLOURS)}"
        )
    return Task(colours[0] if colours else None, instruction)


def _worded(colour: str, rng: np.random.Generator) -> Task:
    return Task(colour, str(rng.choice(ONLY)).format(colour=colour))
