"""Time of a run: spent in all, since the last save, and waiting for data."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any


class Clock:
    """Goes on from the seconds that a run has already taken."""

    def __init__(self, seconds: float, save_minutes: float) -> None:
        self._save_s = 60.0 * save_minutes
        self._saved_s = time.monotonic()
        self._began_s = self._saved_s - seconds

    @property
    def seconds(self) -> float:
        """That the run has taken."""
        return time.monotonic() - self._began_s

    @property
    def due(self) -> bool:
        """Whether the last save is too old."""
        return time.monotonic() - self._saved_s >= self._save_s

    def saved(self) -> None:
        """The last save is of now."""
        self._saved_s = time.monotonic()


class Feed:
    """Batches in order, and how long they let the loop wait."""

    def __init__(self, batches: Iterator[tuple[Any, ...]]) -> None:
        self._batches = batches
        self._waited_s, self._asked_s = 0.0, time.monotonic()

    def next(self) -> tuple[Any, ...]:
        """The next one."""
        began_s = time.monotonic()
        batch = next(self._batches)
        self._waited_s += time.monotonic() - began_s
        return batch

    def share(self) -> float:
        """Of the time since it was last asked, how much went by waiting."""
        now_s = time.monotonic()
        share = self._waited_s / (now_s - self._asked_s)
        self._waited_s, self._asked_s = 0.0, now_s
        return share
