"""What can be asked at a brick table: a brick, a place, and the sentence that says so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from xr0_robot.sims.brick_table.layout import BINS, BRICKS

if TYPE_CHECKING:
    from xr0_robot.sims.brick_table.env import BrickTable

COLOURS = tuple(brick.name for brick in BRICKS)
"""Of the bricks that sentences name."""

SIDES = tuple(bin_.name for bin_ in BINS)
"""As the robot sees it: left is +y."""


@dataclass(frozen=True)
class Goal:
    """Where a held brick is let go: the tool's x and y [2], height [m] and yaw [rad].

    near_m, low_m, turn_rad: let go once the tool is this near, this little above, and turned to this.
    """

    xy: np.ndarray
    height: float
    yaw: float
    near_m: float
    low_m: float
    turn_rad: float


class Task(Protocol):
    """The brick `colour` belongs at `place`, by name; `instruction` is how it was said."""

    @property
    def colour(self) -> str:
        """Of the brick to pick up."""
        ...

    @property
    def place(self) -> str:
        """Where it must go: a bin's side, a brick's colour, or what a family calls a spot on the table."""
        ...

    @property
    def instruction(self) -> str:
        """As it was said."""
        ...

    def done(self, table: BrickTable) -> bool:
        """Whether the brick is where it belongs now, held or not."""
        ...

    def goal(self, table: BrickTable) -> Goal:
        """Where to let it go."""
        ...


class Family(Protocol):
    """All tasks of one kind."""

    @property
    def wordings(self) -> tuple[str, ...]:
        """How they are said in training."""
        ...

    def sample(self, rng: np.random.Generator, wordings: tuple[str, ...]) -> Task:
        """A task and its wording, each uniformly drawn."""
        ...

    def another(self, task: Task, rng: np.random.Generator, wordings: tuple[str, ...]) -> Task:
        """A task of another meaning than `task`."""
        ...

    def parse(self, instruction: str) -> Task:
        """The task in a user's sentence; ValueError unless it says exactly one."""
        ...


def colour_and_side(instruction: str) -> tuple[str, str]:
    """What a sentence names; ValueError unless it is exactly one known colour and one side."""
    words = re.findall(r"[a-z]+", instruction.lower())
    colours = sorted({word for word in words if word in COLOURS})
    sides = sorted({word for word in words if word in SIDES})
    if len(colours) != 1 or len(sides) != 1:
        raise ValueError(
            f"instruction {instruction!r}: got colours {colours} and sides {sides}, expected exactly one "
            f"of {', '.join(COLOURS)} and one of {', '.join(SIDES)}"
        )
    return colours[0], sides[0]
