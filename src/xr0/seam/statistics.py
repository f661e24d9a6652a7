"""How sure a figure is: bootstrap intervals over episodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 1000
"""Of the episodes, with replacement."""

Estimate = Callable[[np.ndarray], np.ndarray]
"""From values [r, n, ...] of n episodes, drawn r times, the figure [r]."""


@dataclass(frozen=True)
class Figure:
    """A figure and its 95 % interval."""

    mean: float
    low: float
    high: float

    def over(self, value: float) -> Figure:
        """As a multiple of a value above 0."""
        return Figure(self.mean / value, self.low / value, self.high / value)


def mean(values: np.ndarray) -> np.ndarray:
    """Over episodes [r, n] -> [r]."""
    return values.mean(axis=1)


def median(values: np.ndarray) -> np.ndarray:
    """Over episodes [r, n] -> [r]."""
    return np.median(values, axis=1)


def ratio(values: np.ndarray) -> np.ndarray:
    """Of the means of two numbers [r, n, 2] -> [r]."""
    return values[..., 0].mean(axis=1) / values[..., 1].mean(axis=1)


def bootstrap(values: Sequence[float | int] | Sequence[Sequence[float]], estimate: Estimate) -> Figure | None:
    """The figure with the 2.5 and 97.5 percentiles over RESAMPLES drawings; None of no episodes."""
    data = np.asarray(values, dtype=np.float64)
    if len(data) == 0:
        return None
    draws = np.random.default_rng(0).integers(len(data), size=(RESAMPLES, len(data)))
    drawn = estimate(data[draws])
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Figure(float(estimate(data[None])[0]), float(low), float(high))
