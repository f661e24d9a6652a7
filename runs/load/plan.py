"""A robot as its plan sees it: when it asks, and when it has nothing left to do. No clock."""

from __future__ import annotations

from dataclasses import dataclass, field

DT = 1 / 30
"""A control tick [s]."""


@dataclass(frozen=True)
class Kind:
    """A robot's chunk has `rows` ticks; it asks anew when it has executed `execute` of them."""

    rows: int
    execute: int


@dataclass
class Robot:
    """Its plan ends at `ends_s`; row 0 of the answer it waits for is for `asked_s`."""

    kind: Kind
    ends_s: float = 0.0
    asked_s: float = 0.0
    moves: bool = False
    answers: list[float] = field(default_factory=list)
    dry: list[tuple[float, float]] = field(default_factory=list)

    def answered(self, now_s: float) -> float:
        """A chunk is here; returns when it asks again. The plan's time stands still while the robot does."""
        dry_s = max(0.0, now_s - self.ends_s) if self.moves else now_s - self.asked_s
        self.ran_dry(now_s)
        self.moves = True
        self.ends_s = self.asked_s + dry_s + self.kind.rows * DT
        self.answers.append(now_s)
        return max(now_s, self.asked_s + dry_s + self.kind.execute * DT)

    def ran_dry(self, now_s: float) -> None:
        """Note how long it has stood without a plan since the last one ended, if it has."""
        if self.moves and now_s > self.ends_s + 1e-9:
            self.dry.append((self.ends_s, now_s))
