"""Whose turn it is: requests of many robots to batches, earliest deadline first. No tensors, no clock.

A robot's deadline is when its plan runs out. With at most one request of each robot waiting, and no deadline
before its request, nobody starves: a request whose deadline has passed is overtaken at most once by each
other robot, for whatever comes later has a later deadline (`tests/serve/test_scheduler.py`).

Times are arguments, in seconds by any one clock that never goes back.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Literal

from xr0.serve.admission import Admission
from xr0.serve.measured import ServiceTimes

LARGEST_BATCH = 8
"""Behind this a GPU gains little: the language model's pass over the context is bound by arithmetic."""

GATHER_S = 0.003
"""How long a batch waits for requests that have arrived and are still being read."""

STANDING_S = 0.5
"""Deadline of a robot that has no plan left, or so little that no answer comes in time: it stands whatever
happens, so it goes behind those that can still be kept moving, but not far."""

PATIENT_S = 10.0
"""Deadline of who names none, as a simulator or an older client: behind all robots that do."""

Why = Literal["superseded", "expired", "full"]
"""Why a request is not answered: a newer one of its robot is here; its answer would come too late to be of
use; another robot would make those that are served miss their deadlines."""


@dataclass(frozen=True, eq=False)  # each is its own
class Ask:
    """A robot's request. Only requests of one bucket can share a batch; `what` is not looked at.

    plan_s: from when it came until the robot's plan runs out, None where it does not say; useful_s: until an
    answer is of no use to it.
    """

    robot: Hashable
    bucket: Hashable
    came_s: float
    what: Any = None
    plan_s: float | None = None
    useful_s: float = math.inf


@dataclass(frozen=True)
class Dropped:
    """A request that will not be answered."""

    ask: Ask
    why: Why


@dataclass(frozen=True)
class Turn:
    """What to compute now, and what to give up. wake_s: with an empty batch, when to ask again at the latest;
    None: not before the next request."""

    batch: tuple[Ask, ...]
    dropped: tuple[Dropped, ...]
    wake_s: float | None = None


@dataclass(frozen=True)
class _Waiting:
    ask: Ask
    deadline_s: float
    place: int
    """Among equal deadlines: as they came."""


class Scheduler:
    """The requests that wait, at most one of each robot, and what is known of those that were served."""

    def __init__(self, largest_batch: int = LARGEST_BATCH, gather_s: float = GATHER_S) -> None:
        if largest_batch < 1 or not 0.0 <= gather_s < math.inf:
            raise ValueError(
                f"scheduler: got batches of {largest_batch} and {gather_s} s to gather them, "
                "expected at least 1 and a finite time"
            )
        self._largest, self._gather_s = largest_batch, gather_s
        self._waiting: dict[Hashable, _Waiting] = {}
        self._arriving = 0
        self._places = 0
        self.times = ServiceTimes()
        self.admission = Admission(self.times, largest_batch)

    def __len__(self) -> int:
        """How many requests wait."""
        return len(self._waiting)

    def expect(self) -> None:
        """A request has arrived and is being read; `add` or `unexpect` follows."""
        self._arriving += 1

    def unexpect(self) -> None:
        """It could not be read."""
        self._arriving -= 1

    def add(self, ask: Ask, now_s: float) -> tuple[Dropped, ...]:
        """Let a request wait that was expected; returns what is not answered: an older one, or itself."""
        self._arriving -= 1
        if not self._admits(ask, now_s):
            return (Dropped(ask, "full"),)
        deadline_s = self._deadline_s(ask)
        older = self._waiting.pop(ask.robot, None)
        if older is not None:  # a robot that asks anew does not lose its place
            deadline_s = min(deadline_s, older.deadline_s)
        self._places += 1
        self._waiting[ask.robot] = _Waiting(ask, deadline_s, self._places)
        return () if older is None else (Dropped(older.ask, "superseded"),)

    def turn(self, now_s: float) -> Turn:
        """The next batch, for a policy that is idle now."""
        dropped = self._expired(now_s)
        if not self._waiting:
            return Turn((), dropped)
        first = min(self._waiting.values(), key=_order)
        companions = [w for w in self._waiting.values() if w.ask.bucket == first.ask.bucket]
        chosen = heapq.nsmallest(self._size(first, now_s), companions, key=_order)
        until_s = first.ask.came_s + self._gather_s
        if self._arriving > 0 and len(chosen) < self._largest and now_s < until_s:
            return Turn((), dropped, until_s)
        for waiting in chosen:
            del self._waiting[waiting.ask.robot]
        return Turn(tuple(waiting.ask for waiting in chosen), dropped)

    def done(self, batch: tuple[Ask, ...], seconds: float) -> None:
        """A batch is computed, and took so long."""
        self.times.record(batch[0].bucket, len(batch), seconds)

    def forget(self, robot: Hashable) -> None:
        """It has left: what it asked is not computed, and its room is free."""
        self._waiting.pop(robot, None)
        self.admission.forget(robot)

    def _admits(self, ask: Ask, now_s: float) -> bool:
        if ask.plan_s is None:
            return True
        moving_s = ask.plan_s if self._moving(ask) else None
        return self.admission.admits(ask.robot, ask.bucket, moving_s, now_s)

    def _deadline_s(self, ask: Ask) -> float:
        if ask.plan_s is None:
            return ask.came_s + PATIENT_S
        return ask.came_s + (min(ask.plan_s, PATIENT_S) if self._moving(ask) else STANDING_S)

    def _moving(self, ask: Ask) -> bool:
        """Whether an answer could come before its plan runs out."""
        return ask.plan_s is not None and ask.plan_s > self.times.seconds(ask.bucket, 1)

    def _expired(self, now_s: float) -> tuple[Dropped, ...]:
        """Taken out: what would be answered too late, were it computed alone and at once."""
        late = [
            waiting.ask
            for waiting in self._waiting.values()
            if now_s + self.times.seconds(waiting.ask.bucket, 1) > waiting.ask.came_s + waiting.ask.useful_s
        ]
        for ask in late:
            del self._waiting[ask.robot]
        return tuple(Dropped(ask, "expired") for ask in late)

    def _size(self, first: _Waiting, now_s: float) -> int:
        """The largest batch that keeps the first one's deadline; if none does, the largest there is."""
        for size in range(self._largest, 0, -1):
            if now_s + self.times.seconds(first.ask.bucket, size) <= first.deadline_s:
                return size
        return self._largest


def _order(waiting: _Waiting) -> tuple[float, int]:
    return waiting.deadline_s, waiting.place
