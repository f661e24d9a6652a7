"""A running summary of a vector of numbers, in memory that does not grow with the dataset."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence

import numpy as np

from xr0.data.check.findings import Tally, place

SAMPLED_ROWS = 20_000
"""Evenly spaced rows that are kept for quantiles."""

JUMP_RATIO = 15.0
"""A step is no jump unless it is this much larger than its neighbours."""

JUMP_WINDOW = 5
"""Changes before and behind that are its neighbours."""

JUMPS_KEPT = 100
"""The largest of each number."""

SWITCH_LEVELS = 5
"""A number with at most so many levels is a switch: it has no small steps."""


class Values:
    """Of one feature, by its d numbers: extremes, moments, an even sample, jumps, what is not finite."""

    def __init__(self, feature: str, names: Sequence[str], frames: int) -> None:
        self.feature, self.names = feature, tuple(names)
        self.count, self.broken = 0, [Tally() for _ in names]
        self.jumps: list[list[tuple[float, int, int]]] = [[] for _ in names]
        self.low, self.high = np.full(len(names), np.inf), np.full(len(names), -np.inf)
        self._sum, self._square = np.zeros(len(names)), np.zeros(len(names))
        self._repeats, self._steps = np.zeros(len(names)), 0
        self._every, self._seen = math.ceil(max(frames, 1) / SAMPLED_ROWS), 0
        self._sample: list[np.ndarray] = []

    def add(self, episode: int, values: np.ndarray) -> np.ndarray:
        """One episode's numbers [n, d], float64; returns which rows are finite."""
        finite: np.ndarray = np.isfinite(values)
        for k in np.flatnonzero(~finite.all(axis=0)):
            rows = np.flatnonzero(~finite[:, k])
            self.broken[k].add(len(rows), place(episode, int(rows[0])))
        whole: np.ndarray = np.all(finite, axis=1)
        kept = np.flatnonzero((self._seen + np.arange(len(values))) % self._every == 0)
        self._sample.append(values[kept[whole[kept]]])
        self._seen += len(values)
        good = values[whole]
        if len(good):
            self.count += len(good)
            self.low = np.minimum(self.low, good.min(axis=0))
            self.high = np.maximum(self.high, good.max(axis=0))
            self._sum += good.sum(axis=0)
            self._square += (good**2).sum(axis=0)
        if whole.all():
            self._add_jumps(episode, values)
        return whole

    def label(self, k: int) -> str:
        """How messages call a number."""
        return f"{self.feature}[{k}] {self.names[k]!r}"

    @property
    def mean(self) -> np.ndarray:
        """[d]."""
        return self._sum / max(self.count, 1)

    @property
    def std(self) -> np.ndarray:
        """[d]; 0 where the number never changes."""
        variance = self._square / max(self.count, 1) - self.mean**2
        return np.where(self.span > 0, np.sqrt(np.maximum(variance, 0.0)), 0.0)

    @property
    def span(self) -> np.ndarray:
        """Largest minus smallest [d]."""
        return self.high - self.low if self.count else np.zeros(len(self.names))

    @property
    def sample(self) -> np.ndarray:
        """Evenly spaced rows [m, d]."""
        return np.concatenate(self._sample) if self._sample else np.zeros((0, len(self.names)))

    @property
    def repeats(self) -> np.ndarray:
        """Share of frames whose number is that of the frame before [d]."""
        return self._repeats / max(self._steps, 1)

    def is_switch(self, k: int) -> bool:
        """Whether the number has but a few levels, as an open-or-closed command has."""
        return len(np.unique(self.sample[:, k])) <= SWITCH_LEVELS

    def _add_jumps(self, episode: int, values: np.ndarray) -> None:
        self._steps += len(values) - 1
        for k, column in enumerate(values.T):
            steps = np.abs(np.diff(column))
            self._repeats[k] += (steps == 0).sum()
            for frame in _jumps(steps).tolist():
                found = (float(steps[frame]), episode, frame + 1)
                self.jumps[k] = heapq.nlargest(JUMPS_KEPT, [*self.jumps[k], found])


def _jumps(steps: np.ndarray) -> np.ndarray:
    """Which of an episode's steps [n], none negative, are far beyond their neighbours'.

    A spike makes two large steps, there and back, so it is the third largest of the neighbourhood that
    counts. A slow sensor repeats itself between two readings, so only steps that change something count.
    """
    changes = np.flatnonzero(steps)
    if len(changes) <= 2 * JUMP_WINDOW:
        return changes[:0]
    around = np.pad(steps[changes], JUMP_WINDOW, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(around, 2 * JUMP_WINDOW + 1)
    return changes[steps[changes] > JUMP_RATIO * np.partition(windows, -3)[:, -3]]
