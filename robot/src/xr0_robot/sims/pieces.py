"""Work that is done piece by piece, and what came of it: towel after towel, brick after brick."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Piece:
    """One of them, when it ended; times are the episode's [s].

    begun_s: when the robot could turn to it; wrong: what became of it, by kind, None where it was done.
    """

    name: str
    begun_s: float
    ended_s: float
    wrong: str | None = None


@dataclass(frozen=True)
class Moment:
    """Something went forward; what: in words."""

    time_s: float
    what: str


@dataclass(frozen=True)
class Account:
    """Of an episode, as far as it went.

    pieces: those that ended, in that order; progress: in order; mishaps: how often what went wrong, whether
    it was made good or not; interventions: how often a person had to lend a hand; until_s: how long it has
    lasted.
    """

    pieces: tuple[Piece, ...]
    progress: tuple[Moment, ...]
    mishaps: Mapping[str, float]
    interventions: int
    until_s: float

    def longest_pause(self) -> tuple[float, str]:
        """The longest time in which nothing went forward [s], and what ended it."""
        moments = [Moment(0.0, "begin"), *self.progress, Moment(self.until_s, "the episode's end")]
        pauses = [(after.time_s - before.time_s, after.what) for before, after in pairwise(moments)]
        return max(pauses, key=lambda pause: pause[0])


class Stages:
    """How far each piece has ever been, and when it got there. names: of the stages, the first is where all
    begin."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._best: dict[Hashable, int] = {}
        self.moments: list[Moment] = []

    def see(self, piece: Hashable, stage: int, time_s: float) -> None:
        """It is there now; a moment, if it never was."""
        if stage > self.best(piece):
            self._best[piece] = stage
            self.moments.append(Moment(time_s, f"{piece}: {self._names[stage]}"))

    def best(self, piece: Hashable) -> int:
        """The farthest that it has been."""
        return self._best.get(piece, 0)
