"""Think while moving, and switch at once: what every other method changes in one place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xr0_robot.executor.inference import Policy
from xr0_robot.executor.strategy import (
    EXECUTE_HORIZON,
    Correct,
    Handover,
    Moment,
    Question,
    check_execute_horizon,
)

MARGIN_TICKS = 1
"""Start this much earlier than the estimate asks: a tick of scheduling jitter must not stop the robot."""


@dataclass(frozen=True)
class Naive:
    """Every `execute_horizon` ticks a chunk is asked for by the observation alone. When it comes, d ticks
    later, its first d rows are dropped and the rest replaces the plan.

    A policy slower than that pace is asked again as soon as it has answered.
    """

    execute_horizon: int = EXECUTE_HORIZON
    name = "naive"

    def __post_init__(self) -> None:
        check_execute_horizon(self.execute_horizon)

    def check(self, policy: Policy) -> None:
        """Any will do."""

    def due(self, ticks_since_start: int, remaining: int, delay: int) -> bool:
        """At the pace, or in time for what is left."""
        return ticks_since_start >= self.execute_horizon or remaining <= delay + MARGIN_TICKS

    def rows(self, horizon: int) -> int:
        """The whole chunk: its tail is there for a late successor."""
        return horizon

    def ask(self, moment: Moment) -> Question:
        """The observation, and nothing of what runs meanwhile."""
        return Question(moment.observation)

    def join(self, handover: Handover) -> np.ndarray:
        """The new chunk as it is."""
        return handover.fresh

    def correction(self, policy: Policy) -> Correct | None:
        """None."""
        return None
