"""Stop and think."""

from __future__ import annotations

from dataclasses import dataclass

from xr0_robot.executor.methods.naive import Naive


@dataclass(frozen=True)
class Synchronous(Naive):
    """Execute `execute_horizon` rows, stand still, think, go on."""

    name = "sync"

    def due(self, ticks_since_start: int, remaining: int, delay: int) -> bool:
        """Once everything is executed."""
        return remaining == 0

    def rows(self, horizon: int) -> int:
        """The executed part."""
        return min(self.execute_horizon, horizon)
