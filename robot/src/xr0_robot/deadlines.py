"""How old what a robot acts on may be, how long it waits, how soon it wants an answer, as data."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Urgency:
    """Seconds from a request on: plan_s until the robot's plan runs out (0: it stands), useful_s until it
    would not execute an answer any more (infinity: always)."""

    plan_s: float
    useful_s: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.plan_s <= self.useful_s or not math.isfinite(self.plan_s):
            raise ValueError(
                f"urgency: got a plan of {self.plan_s} s and answers of use for {self.useful_s} s, "
                "expected 0 <= plan <= use, and a finite plan"
            )


@dataclass(frozen=True)
class Deadlines:
    """Seconds, by the episode's clock. What is too old is dropped and counted, and the robot asks anew.

    max_lag_s: a command is executed at most so long after the tick it was planned for (row k of a chunk: k
        ticks after its observation). So no chunk is obeyed that is older than this and its own length.
    max_picture_age_s: an observation with a picture older than this is not sent to the policy.
    max_spread_s: nor one whose cameras looked further apart in time than this.
    coast_s: with the policy out of reach or the pictures too old, the plan goes on so long and then the robot
        holds; infinity: to the plan's end, 0: it holds at once.
    patience_s: without a usable answer for so long the episode ends. A server restarts in some 6 s.
    latch_s: after holding so long in want of a plan, in the middle of an episode, the robot presses its own
        e-stop: it moves again only once somebody releases it. Infinity: it goes on by itself, from a fresh
        observation.
    retry_s: pause between two attempts to reach a server that has vanished.
    """

    max_lag_s: float = 1.0
    max_picture_age_s: float = 0.25
    max_spread_s: float = 0.1
    coast_s: float = math.inf
    patience_s: float = 10.0
    latch_s: float = math.inf
    retry_s: float = 0.5

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not value >= 0:
                raise ValueError(f"deadlines: got {field.name} {value}, expected at least 0 s")
