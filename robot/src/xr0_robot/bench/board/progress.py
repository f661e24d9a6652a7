"""What a person sees while a board runs: each episode, success so far, time left."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any


class Progress:
    """A line for each row. rows: those on file already, which no time is spent on."""

    def __init__(
        self,
        total: int,
        rows: Sequence[Mapping[str, Any]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._total, self._clock = total, clock
        self._kept, self._done = len(rows), len(rows)
        self._successes = sum(row["success"] for row in rows)
        self._begun_s = clock()

    def line(self, row: Mapping[str, Any]) -> str:
        """An episode is done: how it went, and how it goes."""
        self._done += 1
        self._successes += row["success"]
        spent_s = self._clock() - self._begun_s
        left_s = spent_s / (self._done - self._kept) * (self._total - self._done)
        how = "done" if row["success"] else "not done" if row["error"] is None else f"failed: {row['error']}"
        so_far = f"so far {self._successes} of {self._done}, {100 * self._successes / self._done:.0f} %"
        which = f"{self._done}/{self._total}  {row['task']} {row['seed']}"
        return f"{which}  {how}  {so_far}, {_left(left_s)}"


def _left(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute left"
    return f"{minutes} min left" if minutes < 120 else f"{minutes / 60:.1f} h left"
