"""Mean, spread, range and quantiles of numbers that pass by once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xr0.config import EMPTY_SLOT_STD

STD_FLOOR = 0.01
"""1 cm, 0.6 degrees or 1 % of a stroke from 0 to 1: a slot that hardly moves is not blown up to unit variance
(openpi issue 814: a tiny range made actions of -3200)."""

LOW, HIGH = 0.01, 0.99
"""The quantiles between which a number usually lies."""


@dataclass(frozen=True)
class Spread:
    """Of a number at each tick and slot, all float64 [t, d]. q01, q99: of an even share of the windows."""

    mean: np.ndarray
    std: np.ndarray
    minimum: np.ndarray
    maximum: np.ndarray
    q01: np.ndarray
    q99: np.ndarray


class Moments:
    """Collects windows [n, t, d]; memory does not grow with their number.

    Mean and squared deviations are merged block by block (Chan, Golub and LeVeque 1983). The quantiles are
    those of every `keep_every`-th window.
    """

    def __init__(self, ticks: int, slots: int, keep_every: int) -> None:
        self.count = np.zeros(ticks)
        self._mean = np.zeros((ticks, slots))
        self._square = np.zeros((ticks, slots))
        self._minimum = np.full((ticks, slots), np.inf)
        self._maximum = np.full((ticks, slots), -np.inf)
        self._keep_every = keep_every
        self._kept: list[np.ndarray] = []
        self._seen = 0

    def add(self, values: np.ndarray, inside: np.ndarray) -> None:
        """values [n, t, d]; inside [n, t]: which of them count."""
        weight = inside.astype(np.float64)
        new = weight.sum(axis=0)
        total = self.count + new
        share = (new / np.maximum(total, 1.0))[:, None]
        mean = np.einsum("ntd,nt->td", values, weight) / np.maximum(new, 1.0)[:, None]
        apart = mean - self._mean
        self._square += np.einsum("ntd,nt->td", (values - mean) ** 2, weight)
        self._square += apart**2 * share * self.count[:, None]
        self._mean += apart * share
        self.count = total
        shown = np.where(inside[..., None], values, np.nan)
        self._minimum = np.fmin(self._minimum, np.fmin.reduce(shown))
        self._maximum = np.fmax(self._maximum, np.fmax.reduce(shown))
        self._kept.append(shown[-self._seen % self._keep_every :: self._keep_every].astype(np.float32))
        self._seen += len(values)

    def spread(self) -> Spread:
        """Of all that was added. ValueError for a tick that no window shows, and for numbers not finite."""
        if not self.count.all():
            tick = int(np.argmin(self.count))
            raise ValueError(f"statistics: no chunk has an action at tick {tick} of {len(self.count)}")
        kept = np.concatenate(self._kept)
        q01, q99 = np.nanquantile(kept, (LOW, HIGH), axis=0).astype(np.float64)
        std = np.sqrt(self._square / self.count[:, None])
        found = Spread(self._mean, std, self._minimum, self._maximum, q01, q99)
        if not all(np.isfinite(array).all() for array in vars(found).values()):
            raise ValueError("statistics: got NaN or infinity in the actions or states")
        return found


def floored(std: np.ndarray) -> np.ndarray:
    """At least the floor where a slot is used, else 0."""
    return np.where(std > EMPTY_SLOT_STD, np.maximum(std, STD_FLOOR), 0.0)
