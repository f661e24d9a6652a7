"""How many control ticks the next inference will take: from what was measured, or from one who knows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from xr0_robot.executor.jitter import Jitter

ROUNDING = 1e-9
"""Of a tick: a delay of three ticks and a rounding is one of three."""


@runtime_checkable
class Delay(Protocol):
    """A way to know the next delay. It keeps nothing: the same measurements give the same answer."""

    def ticks(self, measured: Sequence[int], seed: int) -> int:
        """The delay to plan for, in whole ticks, at least 0.

        measured: the delays of this episode's chunks so far, oldest first; seed: of the request that is to be
        made next, for `Oracle` only.
        """
        ...


@dataclass(frozen=True)
class Fixed:
    """What somebody measured beforehand."""

    delay: int

    def __post_init__(self) -> None:
        if self.delay < 0:
            raise ValueError(f"delay: got {self.delay} ticks, expected at least 0")

    def ticks(self, measured: Sequence[int], seed: int) -> int:
        """The same, whatever is measured."""
        return self.delay


@dataclass(frozen=True)
class Quantile:
    """A high quantile of the recent delays: one guessed too short breaks the seam, one too long only commits
    an action more.

    warm_up: the first delays pay for connections and caches, and speak only as long as there is no other.
    window: so many of the latest are remembered; 32 are about 10 s of replanning at 3 Hz.
    spike: a delay above this multiple of their median is a hiccup, and forgotten at once, unless its
    neighbour is one as well: two in a row are a change. So a step up is planned for after as many chunks as
    the quantile asks for (4 of 32 at 0.9), a step down once no more than that many old ones are left in it.
    """

    quantile: float = 0.9
    window: int = 32
    warm_up: int = 1
    spike: float = 3.0

    def __post_init__(self) -> None:
        sound = 0.0 <= self.quantile <= 1.0 and self.window >= 1 and self.warm_up >= 0 and self.spike > 1.0
        if not sound:
            raise ValueError(
                f"delay: got {self}, expected a quantile from 0 to 1, a window of at least 1, warm_up of at "
                "least 0 and spike above 1"
            )

    def ticks(self, measured: Sequence[int], seed: int) -> int:
        """1 before anything was measured."""
        warm = measured[self.warm_up :]
        if not warm:
            return measured[-1] if measured else 1
        usual = self._without_spikes(np.array(warm[-self.window :]))
        return int(np.quantile(usual, self.quantile, method="higher"))

    def _without_spikes(self, delays: np.ndarray) -> np.ndarray:
        """All but the delays that stand out alone; the median itself never does."""
        high = delays > self.spike * max(1.0, float(np.median(delays)))
        beside = np.zeros_like(high)
        beside[1:] |= high[:-1]
        beside[:-1] |= high[1:]
        return delays[~high | beside]


@dataclass(frozen=True)
class Oracle:
    """The truth, which only a virtual clock knows beforehand: a bound for what estimating can reach.

    latency_s, jitter: the `VirtualInference`'s own; rate_hz: the robot's.
    """

    latency_s: float
    jitter: Jitter
    rate_hz: float

    def ticks(self, measured: Sequence[int], seed: int) -> int:
        """What the request with this seed will take."""
        return math.ceil(self.latency_s * self.jitter.factor(seed) * self.rate_hz - ROUNDING)
