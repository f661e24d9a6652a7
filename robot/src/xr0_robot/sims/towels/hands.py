"""Two hands of a scripted expert: what they are told tick by tick, as steps that succeed or fail.

A step is a generator: it yields where the hands shall go, is resumed with the next tick's truth in `now`, and
returns whether it worked out.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass

import numpy as np

from xr0_robot.sims import hand
from xr0_robot.sims.hand import Hand, Pace
from xr0_robot.sims.towels.env import TowelTable
from xr0_robot.sims.two_arms.embodiment import SIDES
from xr0_robot.sims.two_arms.table import Tools

HOME = {"left": np.array([0.26, 0.27, 0.24]), "right": np.array([0.26, -0.27, 0.24])}
"""Where a hand waits [m]."""

LEAST_Z = 0.015
"""A tool point this high has its fingertips on the table, nearly [m]."""

REACH_X, REACH_Y, HIGHEST_Z = (0.155, 0.655), (0.155, 0.475), 0.445
"""Of each hand [m], across the table's middle and outwards: within `two_arms.limits`."""

CLEAR = np.array([0.0, 0.0, 0.06])
"""A hand that let go rises by this before it goes elsewhere [m]."""

PACE = Pace(speed=0.5, acceleration=2.0, turn_speed=1.5, turn_acceleration=5.0)
ARC_SPEED = 0.30
"""Of hands on a path [m/s]."""
READY = 0.6
"""Opening of a hand that goes for the towel: wide open ones would touch each other over a small one."""
CLOSE_S, OPEN_S = 9 / 30, 5 / 30
"""A gripper holds, or has let go, after these."""
NEAR = 0.010
"""A hand has arrived [m]."""

Goal = tuple[np.ndarray, float]
"""Position [3] and opening."""

Goals = Mapping[str, Goal]
"""By side; a hand without one goes home, open."""

Step = Generator[Goals, None, bool]
"""Goals tick by tick; whether it worked out."""


@dataclass(frozen=True)
class Truth:
    """What an expert knows: the tools, the towel's points [n, n, 3], the numbers of those in each hand."""

    tools: Tools
    points: np.ndarray
    held: Mapping[str, np.ndarray]


def truth(table: TowelTable) -> Truth:
    """Read it from the simulation."""
    return Truth(table.tools(), table.cloth.points(), table.held())


class Hands:
    """now: the truth of this tick. reaching: whether they are going for the towel. aims: where each is going
    [3; m]."""

    def __init__(self, table: TowelTable) -> None:
        self._dt = table.embodiment.dt
        self.now, self.reaching, self.aims = truth(table), False, dict(HOME)
        self._hands = {side: Hand(self.now.tools[side], PACE, self._dt) for side in SIDES}

    def towards(self, goals: Goals) -> Tools:
        """Where the tools shall be after the next tick: smoothly nearer to their goals, turned to zero."""
        goals = {side: goals.get(side, (HOME[side], 1.0)) for side in SIDES}
        self.aims = {side: place for side, (place, _) in goals.items()}
        return {side: self._towards(side, *goal) for side, goal in goals.items()}

    def place(self, side: str) -> np.ndarray:
        """Where a tool is [3], measured."""
        return self.now.tools[side][:3].copy()

    def still(self, side: str, opening: float = 0.0) -> Goal:
        """To stay where it was told to be."""
        return self._hands[side].place, opening

    def go(self, goals: Callable[[], Goals], seconds: float, keep: tuple[str, ...] = ()) -> Step:
        """Until they are there; fails if it takes longer, or one of `keep` holds nothing any more."""
        for _ in range(round(seconds / self._dt)):
            wanted = goals()
            if self._lost(keep):
                return False
            if all(np.linalg.norm(self.place(side) - place) < NEAR for side, (place, _) in wanted.items()):
                return True
            yield wanted
        return False

    def stay(self, goals: Callable[[], Goals], seconds: float, keep: tuple[str, ...] = ()) -> Step:
        """For so long; fails as `go` does."""
        for _ in range(round(seconds / self._dt)):
            if self._lost(keep):
                return False
            yield goals()
        return True

    def follow(self, path: Callable[[float], Goals], length: float) -> Step:
        """A path with both hands, given for 0 to 1 and `length` [m] long, to its end; fails as `go` does."""
        ticks = max(1, round(length / ARC_SPEED / self._dt))
        for k in range(ticks):
            if self._lost(SIDES):
                return False
            yield path((k + 1) / ticks)
        return (yield from self.go(lambda: path(1.0), 1.0, SIDES))

    def pinch(
        self, targets: Mapping[str, Callable[[], np.ndarray]], seconds: float, others: Goals | None = None
    ) -> Step:
        """Bring hands to places [3] that may move, and close them; fails where one has caught nothing.
        others: what the other hands do meanwhile, without losing what they hold."""
        others = others or {}
        keep = tuple(others)

        def at(opening: float) -> Goals:
            return {
                **others,
                **{side: (_within_reach(side, target()), opening) for side, target in targets.items()},
            }

        self.reaching = True
        arrived = yield from self.go(lambda: at(READY), seconds, keep)
        closed = arrived and (yield from self.stay(lambda: at(0.0), CLOSE_S, keep))
        self.reaching = False
        return closed and all(self.now.held[side].size for side in targets)

    def open(self, *sides: str) -> Step:
        """Let go with these, the others keeping still, and rise."""
        places = {side: self.place(side) for side in sides}
        others = {side: self.still(side) for side in SIDES if side not in sides}
        yield from self.stay(lambda: {**others, **{side: (places[side], 1.0) for side in sides}}, OPEN_S)
        up = {side: (_within_reach(side, places[side] + CLEAR), 1.0) for side in sides}
        return (yield from self.go(lambda: {**others, **up}, 1.0))

    def _towards(self, side: str, place: np.ndarray, opening: float) -> np.ndarray:
        return self._hands[side].step(hand.Goal(place, 0.0, opening), self.now.tools[side])

    def _lost(self, keep: tuple[str, ...]) -> bool:
        return any(not self.now.held[side].size for side in keep)


def _within_reach(side: str, place: np.ndarray) -> np.ndarray:
    """What is farther is not gone for: a towel that lies there is taken by the other hand, or nearer."""
    across, outwards = (-REACH_Y[0], REACH_Y[1]) if side == "left" else (-REACH_Y[1], REACH_Y[0])
    return np.clip(place, (REACH_X[0], across, LEAST_Z), (REACH_X[1], outwards, HIGHEST_Z))
