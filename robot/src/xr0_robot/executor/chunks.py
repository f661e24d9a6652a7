"""The plan: which command belongs to which control tick. Pure bookkeeping, no threads, no clock."""

from __future__ import annotations

import numpy as np


class ChunkQueue:
    """The newest chunk, indexed by absolute control tick.

    Row k of a chunk observed at tick n is the command for tick n + k, whenever the chunk arrives. Merging it
    at tick m therefore drops its first m - n rows: those ticks have gone, under the commands of the chunk
    before. No tick is commanded twice and none is skipped; past the end of the newest chunk there is nothing.
    """

    def __init__(self) -> None:
        self._actions: np.ndarray | None = None
        self._observed_tick = 0
        self._joined_tick = 0
        self._chunks: list[tuple[int, np.ndarray]] = []  # as they came, with the tick of their first row
        self.chunk = -1
        """Serial number of the chunk in use, from 0; -1 before the first."""

    def merge(self, actions: np.ndarray, observed_tick: int, now_tick: int) -> int | None:
        """Take over from `now_tick` on; returns the row joined at, the measured delay in ticks.

        actions: [horizon, native_dim]. Returns None, and changes nothing, where the chunk comes too late to
        be of use: all its ticks have gone, or a later observation's chunk is here. ValueError for a chunk
        that is misshapen, or observed in the future.
        """
        if actions.ndim != 2 or len(actions) == 0:
            raise ValueError(f"chunk: got shape {actions.shape}, expected [horizon >= 1, native_dim]")
        if observed_tick > now_tick:
            raise ValueError(f"chunk: observed at tick {observed_tick}, but it is only tick {now_tick}")
        row = now_tick - observed_tick
        outdated = self._actions is not None and observed_tick < self._observed_tick
        if outdated or row >= len(actions):
            return None
        self._actions = np.array(actions, dtype=np.float64)
        self._chunks = [(tick, rows) for tick, rows in self._chunks if tick + len(rows) > now_tick]
        self._chunks.append((observed_tick, self._actions.copy()))
        self._observed_tick = observed_tick
        self._joined_tick = now_tick
        self.chunk += 1
        return row

    def older(self, tick: int) -> tuple[np.ndarray, ...]:
        """Of the chunks before the newest, as they came and oldest first, the rows [n, native_dim] from a
        tick on."""
        left = [rows[max(0, tick - first) :] for first, rows in self._chunks[:-1]]
        return tuple(rows for rows in left if len(rows) > 0)

    def revise(self, from_tick: int, actions: np.ndarray) -> None:
        """Put other commands [n, native_dim] in the plan's place from a tick on, as many as it has left."""
        left = self.remaining(from_tick)
        if self._actions is None or actions.shape != (left, self._actions.shape[1]):
            raise ValueError(f"plan: got commands of shape {actions.shape}, expected {left} rows")
        self._actions[len(self._actions) - left :] = actions

    def row(self, tick: int) -> int:
        """Which row of the newest chunk a tick has."""
        return tick - self._observed_tick

    def clear(self) -> None:
        """Forget the chunk in use and those before; the serial number goes on."""
        self._actions = None
        self._chunks = []

    def at(self, tick: int) -> np.ndarray | None:
        """The command [native_dim] for a tick, None if the plan has none (or had, before it was replaced)."""
        if self._actions is None or tick < self._joined_tick or self.remaining(tick) == 0:
            return None
        return self._actions[tick - self._observed_tick]

    def prefix(self, from_tick: int, length: int) -> np.ndarray:
        """The commands [n <= length, native_dim] that will be executed from `from_tick` on.

        Fewer where the plan ends sooner: a made-up row would pull the next chunk towards it.
        """
        count = min(length, self.remaining(from_tick))
        if self._actions is None or count == 0:
            return np.zeros((0, 0 if self._actions is None else self._actions.shape[1]))
        row = max(from_tick, self._joined_tick) - self._observed_tick
        return self._actions[row : row + count].copy()

    def remaining(self, tick: int) -> int:
        """How many commands are left, that of `tick` included."""
        if self._actions is None:
            return 0
        return max(0, self._observed_tick + len(self._actions) - max(tick, self._joined_tick))
