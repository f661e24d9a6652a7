"""Ridge regression from sums alone, so that no sample need be held; its penalty is chosen on samples that it
was not fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PENALTIES = 10.0 ** np.arange(-3, 3)
"""Per sample, on the weights of inputs in standard deviations."""


@dataclass(frozen=True)
class Moments:
    """Sums over n samples of inputs x [k], the last of them 1, and outputs y [m]: x x^T, x y^T and y^2."""

    n: int
    xx: np.ndarray
    xy: np.ndarray
    yy: np.ndarray

    @staticmethod
    def of(x: np.ndarray, y: np.ndarray) -> Moments:
        """Of x [n, k] and y [n, m]."""
        return Moments(len(x), x.T @ x, x.T @ y, np.square(y).sum(axis=0))

    def plus(self, other: Moments) -> Moments:
        """Of both sets of samples."""
        return Moments(self.n + other.n, self.xx + other.xx, self.xy + other.xy, self.yy + other.yy)

    def fit(self, penalty: float) -> np.ndarray:
        """Weights [k, m]; the constant's are free."""
        penalties = np.full(len(self.xx), penalty * self.n)
        penalties[-1] = 0.0
        return np.linalg.solve(self.xx + np.diag(penalties), self.xy)

    def squares(self, weights: np.ndarray) -> np.ndarray:
        """Sum over the samples of (y - W^T x)^2, [m]."""
        return self.yy - 2 * (weights * self.xy).sum(axis=0) + (weights * (self.xx @ weights)).sum(axis=0)


def total(folds: Sequence[Moments]) -> Moments:
    """Of all samples."""
    whole = folds[0]
    for fold in folds[1:]:
        whole = whole.plus(fold)
    return whole


def best_penalty(folds: Sequence[Moments], floor: float) -> float:
    """The one of PENALTIES with the least error on each fold when fitted to the others, outputs counted in
    their standard deviations (at least `floor`). With a single fold, the largest."""
    if len(folds) == 1:
        return float(PENALTIES[-1])
    whole = total(folds)
    variance = np.maximum(whole.yy / whole.n - np.square(whole.xy[-1] / whole.n), floor**2)
    rest = [total([other for other in folds if other is not fold]) for fold in folds]
    wrong = [
        sum(float((fold.squares(r.fit(p)) / variance).sum()) for fold, r in zip(folds, rest, strict=True))
        for p in PENALTIES
    ]
    return float(PENALTIES[int(np.argmin(wrong))])
