"""What happened in a flight, put together from its records: for pictures and for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from xr0_robot.executor.tick import Tick
from xr0_robot.flight import values
from xr0_robot.flight.log import Flight
from xr0_robot.types import Embodiment, Observation

Fate = Literal["joined", "dropped", "failed", "under way"]
"""Of a request: its chunk took over; its chunk was not used; there was none; the log ends before."""


@dataclass(frozen=True)
class Thinking:
    """A request and what became of it. Times [s] by the episode's clock; row: of the chunk, where it took
    over; why: it was dropped, or what was raised."""

    asked_s: float
    answered_s: float | None
    prefix: int
    latency_s: float | None = None
    fate: Fate = "under way"
    row: int | None = None
    why: str | None = None


@dataclass(frozen=True)
class Story:
    """times_s, late_s: float [ticks], when each tick began, and by how much too late; pictures: of each
    observation its time [s] and the thumbnails."""

    embodiment: Embodiment
    ticks: tuple[Tick, ...]
    times_s: np.ndarray
    late_s: np.ndarray
    thoughts: tuple[Thinking, ...]
    observations: tuple[tuple[Observation, Mapping[str, np.ndarray]], ...]
    drops: tuple[tuple[float, str], ...]

    def between(self, first_s: float, last_s: float) -> Story:
        """The part in which ticks began within these times, counted from the first tick; a request is in it
        where it was under way then."""
        if len(self.times_s) == 0:
            return self
        low, high = self.times_s[0] + first_s, self.times_s[0] + last_s
        inside = (self.times_s >= low) & (self.times_s <= high)
        return replace(
            self,
            ticks=tuple(tick for tick, kept in zip(self.ticks, inside, strict=True) if kept),
            times_s=self.times_s[inside],
            late_s=self.late_s[inside],
            thoughts=tuple(
                t
                for t in self.thoughts
                if t.asked_s <= high and (t.answered_s is None or t.answered_s >= low)
            ),
            observations=tuple((seen, p) for seen, p in self.observations if low <= seen.time_s <= high),
            drops=tuple((time_s, why) for time_s, why in self.drops if low <= time_s <= high),
        )

    def interventions(self) -> dict[str, int]:
        """What kept the robot from its plan, and in how many ticks."""
        named = [name for tick in self.ticks for name in tick.clamped]
        refused = sum(tick.refused is not None for tick in self.ticks)
        return dict(sorted(Counter(named).items())) | ({"refused": refused} if refused else {})

    def fates(self) -> dict[Fate, int]:
        """How many requests had which."""
        return dict(Counter(thought.fate for thought in self.thoughts))


def tell(flight: Flight) -> Story:
    """The whole flight."""
    teller = _Teller(flight)
    for record in flight.records():
        teller.hear(record)
    return teller.story()


class _Teller:
    def __init__(self, flight: Flight) -> None:
        self._robot = flight.setup.embodiment
        self._now_s = self._late_s = 0.0
        self._ticks: list[Tick] = []
        self._times_s: list[float] = []
        self._lates_s: list[float] = []
        self._thoughts: list[Thinking] = []
        self._seen: list[tuple[Observation, Mapping[str, np.ndarray]]] = []
        self._drops: list[tuple[float, str]] = []

    def hear(self, record: dict[str, Any]) -> None:
        event = record["event"]
        if event == "late":
            self._late_s = record["late_s"]
        elif event == "tick":
            self._now_s = record["now_s"]
        elif event == "obey":
            self._now_s += self._robot.dt  # by another author's clock; nobody tells it here
        elif event == "observation":
            self._seen.append((values.decode(record["observation"]), record["pictures"]))
        elif event == "request":
            prefix = record["request"]["prefix"]
            self._thoughts.append(Thinking(self._now_s, None, 0 if prefix is None else len(prefix)))
        elif event == "done":
            self._ticks.append(values.decode(record["done"]))
            self._times_s.append(self._now_s)
            self._lates_s.append(self._late_s)
        elif event in ("reply", "failure", "joined", "dropped"):
            self._outcome(event, record)

    def _outcome(self, event: str, record: dict[str, Any]) -> None:
        if event == "dropped":
            self._drops.append((self._now_s, record["why"]))
        if not self._thoughts:
            return  # the request was in a segment that is not here any more
        if event == "reply":
            self._change(answered_s=self._now_s, latency_s=record["latency_s"], fate="dropped")
        elif event == "failure":
            self._change(answered_s=self._now_s, fate="failed", why=record["error"]["text"])
        elif event == "joined":
            self._change(fate="joined", row=record["row"])
        elif self._thoughts[-1].answered_s == self._now_s and self._thoughts[-1].fate == "dropped":
            self._change(why=record["why"])

    def _change(self, **values_: Any) -> None:
        self._thoughts[-1] = replace(self._thoughts[-1], **values_)

    def story(self) -> Story:
        return Story(
            self._robot,
            tuple(self._ticks),
            np.array(self._times_s),
            np.array(self._lates_s),
            tuple(self._thoughts),
            tuple(self._seen),
            tuple(self._drops),
        )
