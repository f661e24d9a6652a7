"""By how much one inference takes longer than the next: a factor on the latency of a virtual clock.

A factor is drawn from the seed of the request that it belongs to and from nothing else. So an episode meets
the same delays whenever it is run, and whichever method runs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

STREAM = 0x6A1773
"""Keeps these numbers apart from the noise that a policy draws from the same seed."""


@runtime_checkable
class Jitter(Protocol):
    """A distribution of factors."""

    def factor(self, seed: int) -> float:
        """Above 0, the same for the same seed."""
        ...


@dataclass(frozen=True)
class Steady:
    """Every inference takes as long as the one before."""

    def factor(self, seed: int) -> float:
        """1."""
        return 1.0


@dataclass(frozen=True)
class LogNormal:
    """A median of 1, and the natural logarithm scattered by `sigma`."""

    sigma: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.sigma < 10.0:
            raise ValueError(f"jitter: got sigma {self.sigma}, expected 0 to 10")

    def factor(self, seed: int) -> float:
        """exp(sigma z), z standard normal."""
        return float(np.exp(self.sigma * _generator(seed).standard_normal()))


@dataclass(frozen=True)
class Spikes:
    """Usually 1; with this `probability`, of each inference for itself, `times`."""

    probability: float
    times: float

    def __post_init__(self) -> None:
        if not (0.0 <= self.probability <= 1.0 and 1.0 <= self.times < float("inf")):
            raise ValueError(
                f"jitter: got spikes with probability {self.probability} of {self.times} times, expected a "
                "probability from 0 to 1 and at least 1 times"
            )

    def factor(self, seed: int) -> float:
        """1 or `times`."""
        return self.times if _generator(seed).random() < self.probability else 1.0


STEADY = Steady()

JITTERS: Mapping[str, Jitter] = {
    "steady": STEADY,
    "lognormal": LogNormal(sigma=0.3),
    "spikes": Spikes(probability=0.02, times=3.0),
}
"""What evaluations offer by name."""


def _generator(seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, STREAM])
