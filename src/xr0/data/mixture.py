"""Which samples a step sees: weighted, deterministic, independent of what other processes draw."""

from __future__ import annotations

import numpy as np


def draw(weights: np.ndarray, count: int, seed: int, step: int, rank: int) -> np.ndarray:
    """`count` indices with probability proportional to `weights` (with replacement).

    A pure function of (seed, step, rank), which is what makes a run resumable at any step.
    """
    if (weights < 0).any() or not weights.sum() > 0:
        raise ValueError("mixture: weights must be non-negative and not all zero")
    cumulative = np.cumsum(weights, dtype=np.float64)
    points = np.random.default_rng([seed, step, rank]).random(count) * cumulative[-1]
    return np.searchsorted(cumulative, points, side="right").clip(max=len(weights) - 1)
