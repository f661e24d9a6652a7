"""When to think: while the robot moves, or while it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

EXECUTE_HORIZON = 10
"""Ticks of a chunk that are executed before the next is asked for, where nobody says otherwise (the official
client's)."""
MARGIN_TICKS = 1
"""Start this much earlier than the estimate asks: a tick of scheduling jitter must not stop the robot."""


class Strategy(Protocol):
    """Decides when inference starts, what is committed meanwhile, and how much of a chunk is executed."""

    @property
    def name(self) -> str:
        """As written to results."""
        ...

    def due(self, ticks_since_start: int, remaining: int, delay: int) -> bool:
        """Start now? Ticks since the last start, commands left, the estimated delay in ticks."""
        ...

    def committed(self, delay: int, max_prefix: int) -> int:
        """How many of the next commands to promise to the policy."""
        ...

    def rows(self, horizon: int) -> int:
        """How many rows of a chunk may be executed."""
        ...


@dataclass(frozen=True)
class Asynchronous:
    """Think while moving: every `execute_horizon` ticks, with the commands that run meanwhile as prefix.

    Needs delay <= execute_horizon <= horizon - delay to keep that pace (arXiv 2506.07339); a slower policy
    is asked again as soon as it has answered.
    """

    execute_horizon: int
    name = "async"

    def __post_init__(self) -> None:
        _check_execute_horizon(self.execute_horizon)

    def due(self, ticks_since_start: int, remaining: int, delay: int) -> bool:
        """At the pace, or in time for what is left."""
        return ticks_since_start >= self.execute_horizon or remaining <= delay + MARGIN_TICKS

    def committed(self, delay: int, max_prefix: int) -> int:
        """All that will run meanwhile, as far as the policy was trained for."""
        return min(delay, max_prefix)

    def rows(self, horizon: int) -> int:
        """The whole chunk: its tail is there for a late successor."""
        return horizon


@dataclass(frozen=True)
class Naive(Asynchronous):
    """Think while moving, and promise nothing: each chunk begins where its observation was."""

    name = "naive"

    def committed(self, delay: int, max_prefix: int) -> int:
        """Nothing: the policy does not know what runs meanwhile."""
        return 0


@dataclass(frozen=True)
class Synchronous:
    """Execute `execute_horizon` rows, stand still, think, go on: no command is promised."""

    execute_horizon: int
    name = "sync"

    def __post_init__(self) -> None:
        _check_execute_horizon(self.execute_horizon)

    def due(self, ticks_since_start: int, remaining: int, delay: int) -> bool:
        """Once everything is executed."""
        return remaining == 0

    def committed(self, delay: int, max_prefix: int) -> int:
        """Nothing runs meanwhile."""
        return 0

    def rows(self, horizon: int) -> int:
        """The executed part."""
        return min(self.execute_horizon, horizon)


def _check_execute_horizon(ticks: int) -> None:
    if ticks < 1:
        raise ValueError(f"execute_horizon: got {ticks} ticks, expected at least 1")
