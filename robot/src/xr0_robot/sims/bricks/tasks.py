"""What can be asked on the brick table: a colour, a side, and the sentence that says so."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

COLOURS = ("red", "green", "blue", "yellow")
SIDES = ("left", "right")
"""As the robot sees it: left is +y. The base camera's picture has the same left."""

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


@dataclass(frozen=True)
class Task:
    """The brick of `colour` belongs in the bin on `side`; `instruction` is how it was said."""

    colour: str
    side: str
    instruction: str


def sample(rng: np.random.Generator, wordings: tuple[str, ...] = WORDINGS) -> Task:
    """A task and its wording, each uniformly drawn."""
    return _worded(str(rng.choice(COLOURS)), str(rng.choice(SIDES)), rng, wordings)


def another(task: Task, rng: np.random.Generator, wordings: tuple[str, ...] = WORDINGS) -> Task:
    """A task of another meaning than `task`: another colour or side, or both."""
    others = [(c, s) for c in COLOURS for s in SIDES if (c, s) != (task.colour, task.side)]
    return _worded(*others[rng.integers(len(others))], rng, wordings)


def parse(instruction: str) -> Task:
    """The task in a user's sentence; ValueError unless it names exactly one known colour and one side."""
    words = re.findall(r"[a-z]+", instruction.lower())
    colours = sorted({word for word in words if word in COLOURS})
    sides = sorted({word for word in words if word in SIDES})
    if len(colours) != 1 or len(sides) != 1:
        raise ValueError(
            f"instruction {instruction!r}: got colours {colours} and sides {sides}, expected exactly one of "
            f"{', '.join(COLOURS)} and one of {', '.join(SIDES)}"
        )
    return Task(colours[0], sides[0], instruction)


def _worded(colour: str, side: str, rng: np.random.Generator, wordings: tuple[str, ...]) -> Task:
    wording = wordings[rng.integers(len(wordings))]
    return Task(colour, side, wording.format(colour=colour, side=side))
