"""How many ticks the next inference will take. Pure bookkeeping around a `Delay`."""

from __future__ import annotations

import numpy as np

from xr0_robot.executor.latency import Delay


class Forecast:
    """What an episode's chunks took so far, and the seeds that its requests have."""

    def __init__(self, delay: Delay, horizon: int, seed: int) -> None:
        """horizon: rows of a chunk; seed: the episode's."""
        self._delay = delay
        self._horizon = horizon
        self._seed = seed
        self._requests = 0
        self._measured: list[int] = []
        self._expected: int | None = None  # once it was worked out

    def seed(self) -> int:
        """The next request's own."""
        return int(np.random.SeedSequence([self._seed, self._requests]).generate_state(1)[0])

    def ticks(self) -> int:
        """Of the next request; no more than a chunk has rows."""
        if self._expected is None:
            self._expected = min(self._delay.ticks(self._measured, self.seed()), self._horizon)
        return self._expected

    def asked(self) -> None:
        """The next request is made; the one after it is the next now."""
        self._requests += 1
        self._expected = None

    def measure(self, ticks: int) -> None:
        """The newest chunk took so many."""
        self._measured.append(ticks)
        self._expected = None
