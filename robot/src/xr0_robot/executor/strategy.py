"""What a method of real-time execution decides: when to think, what to ask, and how a new chunk takes over.

Each method is a value in `executor.methods`; the control loop knows this protocol and no method's name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from xr0_robot.executor.inference import Policy
from xr0_robot.types import Chunk, Embodiment, Guide, Observation

EXECUTE_HORIZON = 10
"""Ticks of a chunk that are executed before the next is asked for, where nobody says otherwise (the official
client's)."""

Planned = Callable[[int], np.ndarray]
"""The next n commands [m <= n, native_dim] of the plan in hand, fewer where it ends sooner. Those that will
surely be sent, the expected delay's, or at a handover this tick's and the next's, which say how the robot
moves, are what the limits will let through; to check the others too would cost a good part of a tick."""


@dataclass(frozen=True)
class Moment:
    """How things stand when an inference starts. delay: how many ticks it is expected to take; horizon,
    max_prefix: rows of a chunk, and of the longest prefix that the policy knows."""

    observation: Observation
    planned: Planned
    delay: int
    horizon: int
    max_prefix: int
    embodiment: Embodiment


@dataclass(frozen=True)
class Question:
    """What the policy is asked.

    ahead: row 0 of the answer belongs to this many ticks after the observation; untold: ticks of the delay
    whose commands the policy should know and cannot.
    """

    observation: Observation
    prefix: np.ndarray | None = None
    guide: Guide | None = None
    ahead: int = 0
    untold: int = 0

    @property
    def promised(self) -> int:
        """How many of the next commands the answer builds on."""
        prefix = 0 if self.prefix is None else len(self.prefix)
        return max(prefix, 0 if self.guide is None else self.guide.delay, self.ahead)


@dataclass(frozen=True)
class Handover:
    """A new chunk is here; all rows are for the ticks from now on.

    fresh: its rows [n, native_dim]; planned: the plan in hand, which may have ended; older: of the chunks
    before as the policy gave them, oldest first, what is left for now; still: the command [native_dim] that
    stands still; untold: how many of the commands since the chunk's first row the policy did not know.
    """

    fresh: np.ndarray
    planned: Planned
    older: tuple[np.ndarray, ...]
    still: np.ndarray
    embodiment: Embodiment
    untold: int = 0


Correct = Callable[[Observation, Chunk, int, np.ndarray], np.ndarray]
"""What to send [native_dim] by an observation of now, for the row of the chunk that this tick has and the
command that is planned for it."""


@runtime_checkable
class Strategy(Protocol):
    """A method of real-time execution."""

    @property
    def name(self) -> str:
        """As the command line and results call it."""
        ...

    def check(self, policy: Policy) -> None:
        """ValueError, one line, where this policy or its robot cannot be executed so."""
        ...

    def due(self, ticks_since_start: int, remaining: int, delay: int) -> bool:
        """Start an inference now? Ticks since the last start, commands left, the estimated delay."""
        ...

    def rows(self, horizon: int) -> int:
        """How many rows of a chunk may be executed."""
        ...

    def ask(self, moment: Moment) -> Question:
        """What to ask."""
        ...

    def join(self, handover: Handover) -> np.ndarray:
        """The plan [n, native_dim] from now on."""
        ...

    def correction(self, policy: Policy) -> Correct | None:
        """What corrects each command in its own tick; None where nothing does."""
        ...


def check_execute_horizon(ticks: int) -> None:
    """ValueError for less than a tick."""
    if ticks < 1:
        raise ValueError(f"execute_horizon: got {ticks} ticks, expected at least 1")
