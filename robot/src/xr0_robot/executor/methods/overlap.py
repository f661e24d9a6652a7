"""Average what several chunks say about the same tick."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xr0_robot.executor.methods.arithmetic import moved, offset
from xr0_robot.executor.methods.naive import Naive
from xr0_robot.executor.strategy import Handover


@dataclass(frozen=True)
class Ensemble(Naive):
    """Temporal ensembling (ACT, arXiv 2304.13705, algorithm 2): a_t = sum_i w_i a_t^(i) / sum_i w_i over all
    chunks that speak of tick t, with w_i = exp(-rate * i) and i = 0 the oldest.

    Rotations are averaged one by one along geodesics. rate: the paper's m, 0.01 in its code.
    """

    rate: float = 0.01
    name = "ensemble"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 <= self.rate < float("inf"):
            raise ValueError(f"ensemble: got rate {self.rate}, expected a finite number >= 0")

    def join(self, handover: Handover) -> np.ndarray:
        """The weighted mean: the newest chunk, drawn to one older after the other."""
        plan = handover.fresh.copy()
        older = [rows[: len(plan)] for rows in handover.older]
        speaks = np.array([np.arange(len(plan)) < len(rows) for rows in older], dtype=int)
        speaks = speaks.reshape(len(older), len(plan))
        total = np.exp(-self.rate * speaks.sum(axis=0))
        weights = np.exp(-self.rate * (np.cumsum(speaks, axis=0) - 1))
        for rows, weight in zip(older[::-1], weights[::-1], strict=True):
            reach = slice(len(rows))
            total[reach] += weight[reach]
            share = (weight / total)[reach, None]
            by = share * offset(plan[reach], rows, handover.embodiment)
            plan[reach] = moved(plan[reach], by, handover.embodiment)
        return plan


@dataclass(frozen=True)
class Blend(Naive):
    """On the overlap, a = (1 - share) * old + share * new; behind it the new chunk.

    share: 0.7, as LeRobot's asynchronous client aggregates by default (`weighted_average`).
    """

    share: float = 0.7
    name = "blend"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 <= self.share <= 1.0:
            raise ValueError(f"blend: got share {self.share}, expected 0 to 1")

    def join(self, handover: Handover) -> np.ndarray:
        """Old and new, as far as the old plan reaches."""
        plan = handover.fresh.copy()
        old = handover.planned(len(plan))
        new = plan[: len(old)]
        by = offset(new, old, handover.embodiment) * (1.0 - self.share)
        plan[: len(old)] = moved(new, by, handover.embodiment)
        return plan
