"""How many control ticks the next inference will take, from those that came before."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

WINDOW = 32
"""Samples remembered: about 10 s of replanning at 3 Hz, so a change of network is learnt within seconds."""
QUANTILE = 0.9
"""A delay guessed too short breaks the seam, one too long only commits an action more: guess high."""
SPIKE = 3.0
"""A sample above this multiple of the median is a hiccup, and no ground to commit more actions."""


class DelayEstimator:
    """A high quantile of the recent delays, in whole ticks within [0, limit].

    The first sample pays for connections and caches: it speaks only as long as there is no other.
    """

    def __init__(self, limit: int) -> None:
        if limit < 1:
            raise ValueError(f"delay limit: got {limit} ticks, expected at least 1")
        self._limit = limit
        self._warm_up: int | None = None
        self._samples: deque[int] = deque(maxlen=WINDOW)

    def add(self, ticks: int) -> None:
        """Record one measured delay."""
        if ticks < 0:
            raise ValueError(f"delay: got {ticks} ticks, expected at least 0")
        if self._warm_up is None:
            self._warm_up = ticks
        else:
            self._samples.append(ticks)

    def ticks(self) -> int:
        """The delay to plan for; 1 before anything was measured."""
        if not self._samples:
            return min(1 if self._warm_up is None else self._warm_up, self._limit)
        samples = np.array(self._samples, dtype=np.float64)
        usual = samples[samples <= SPIKE * max(1.0, float(np.median(samples)))]
        return min(math.ceil(np.quantile(usual, QUANTILE) - 1e-9), self._limit)
