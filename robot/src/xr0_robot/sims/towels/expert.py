"""A scripted expert: from the truth of the scene, closed loop, smooth commands of two hands.

What to do next is read off the towel and the hands whenever a step ends or fails (`Expert._work`), so what
went wrong is made good: what was torn away is picked up again, what lies badly is flattened again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Mapping
from functools import partial

import numpy as np

from xr0_robot.sims.benchmark import Act
from xr0_robot.sims.towels import judge, shape
from xr0_robot.sims.towels.cloth import THICK
from xr0_robot.sims.towels.env import TowelTable
from xr0_robot.sims.towels.hands import LEAST_Z, Goal, Goals, Hands, Step, Truth, truth
from xr0_robot.sims.towels.stack import PLACE
from xr0_robot.sims.two_arms.embodiment import SIDES
from xr0_robot.sims.two_arms.table import Tools

TOP_LAYER = np.array([0.0, 0.0, 0.009])
"""So far above a point the hand catches its layer and none below [m]."""

HANG = np.array([0.33, 0.04, 0.43])
"""Where a towel hangs from one hand, the left one [m]."""

FAR_X = 0.465
"""The far edge of a towel that is laid flat [m]."""

TAUT = 0.985
"""Hands pull an edge straight to this share of its length."""

TOUCH = 0.97
"""Hands that begin to lay are at this share of the towel's length above where it shall lie: it touches."""

DRAG = 0.03
"""Laid flat, it is pulled straight by this [m]."""

FORWARD = 0.012
"""Laid on the stack, it slides by this [m]."""

LAID_Z = 0.020
"""Of the tool over what a folded towel is laid on [m]."""

BEYOND = 0.008
"""Folds spring back by this [m]."""

SWING_S = 0.5
"""A towel that was raised hangs still enough after this."""

TRIES, LAYS = 3, 2
"""A towel is let go and picked up elsewhere after so many grasps, or lays, that did not work out."""

REACH_S = 5.0
"""A hand that has not arrived by then does something else."""


class Expert:
    """Picks up two corners of an edge, lays the towel flat, folds it twice, lays it on the stack; and so on
    with the next one.

    phase: what it is doing; count: how often it began that.
    """

    def __init__(self, table: TowelTable) -> None:
        self._table, self._hands = table, Hands(table)
        self.phase, self.count = "look", Counter[str]()
        self._tries = self._lays = self._picks = 0
        self._script = self._work()

    @property
    def reaching(self) -> bool:
        """Whether a hand is going for the towel."""
        return self._hands.reaching

    @property
    def aims(self) -> Mapping[str, np.ndarray]:
        """Where each hand is going [3; m]."""
        return self._hands.aims

    def act(self, now: Truth) -> Tools:
        """Where the tools shall be after the next tick."""
        self._hands.now = now
        before, goals = self.phase, next(self._script)
        self.count[self.phase] += self.phase != before
        return self._hands.towards(goals)

    def _work(self) -> Generator[Goals, None, None]:
        while True:
            self.phase, held = "look", self._hands.now.held
            corners = {side: shape.corner(held[side]) for side in SIDES}
            holding = [side for side in SIDES if held[side].size]
            if len(holding) == 2:
                yield from self._two_hold(corners["left"], corners["right"])
            elif len(holding) == 1:
                yield from self._one_holds(holding[0], corners[holding[0]])
            else:
                yield from self._none_holds()

    def _two_hold(self, left: shape.Index | None, right: shape.Index | None) -> Step:
        if left is not None and right is not None and right in shape.beside(left):
            return (yield from self._flatten(left, right))
        return (yield from self._hands.open("left" if left is None else "right"))

    def _one_holds(self, side: str, corner: shape.Index | None) -> Step:
        """It hangs from one hand; the other takes the corner beside, or any if the first has none."""
        self.phase = "raise"
        other = SIDES[1 - SIDES.index(side)]
        mirror = np.array([1.0, 1.0 if side == "left" else -1.0, 1.0])
        raised: Goals = {side: (HANG * mirror, 0.0)}
        if not (yield from self._hands.go(lambda: raised, 3.0, (side,))):
            return False
        if not (yield from self._hands.stay(lambda: raised, SWING_S, (side,))):
            return False
        self.phase = "second"
        if self._tries >= TRIES:
            self._tries = 0
            return (yield from self._hands.open(side))  # and pick it up elsewhere
        points, hand = self._hands.now.points, self._hands.place(other)
        wanted = shape.CORNERS if corner is None else shape.beside(corner)
        free = sorted(wanted, key=lambda c: (shape.crowd(points, c), np.linalg.norm(points[c] - hand)))
        target = free[self._tries % len(free)]
        self._tries += 1
        if not (yield from self._hands.pinch({other: self._at((target,))}, 3.0, raised)):
            return False
        return corner is not None or (yield from self._hands.open(side))

    def _none_holds(self) -> Step:
        points, towel = self._hands.now.points, self._table.towel
        if self._tries >= TRIES:
            self._tries = 0
            return (yield from self._pick())
        square = abs(judge.rectangle(points).yaw) < judge.THERE_RAD
        if judge.folded(points, towel) and square:
            if judge.stacked(points, PLACE, self._table.stack.height):
                return (yield from self._hands.stay(dict, SWING_S))
            return (yield from self._stack())
        axis = shape.halved(points, towel) if square else None
        if axis is not None:
            return (yield from self._second_fold(axis))
        return (yield from self._pick())

    def _pick(self) -> Step:
        """A corner that nothing covers, another one each time; the highest point if there is none."""
        self.phase = "pick"
        points = self._hands.now.points
        free = sorted(
            (c for c in shape.CORNERS if shape.exposed(points, c)), key=lambda c: -abs(points[c][1])
        )
        highest = max(shape.ALL, key=lambda c: points[c][2])
        target = free[self._picks % len(free)] if free else highest
        self._picks += 1
        side = "left" if points[target][1] > 0 else "right"
        place = self._at((target,))
        return (yield from self._hands.pinch({side: lambda: place() + TOP_LAYER}, REACH_S))

    def _flatten(self, left: shape.Index, right: shape.Index) -> Step:
        """Pull the edge between the hands straight, lay the towel down towards the robot, fold it."""
        self.phase = "stretch"
        width, length = shape.edges(self._table.towel, left, right)
        hands = partial(_both, {"left": TAUT * width / 2, "right": -TAUT * width / 2})
        for x in (HANG[0], FAR_X):  # straight first: it swings less
            if not (yield from self._hang(hands(x, length + 0.03))):
                return False
        self.phase = "lay"
        if not (yield from self._hands.go(lambda: hands(FAR_X, TOUCH * length), 1.0, SIDES)):
            return False

        def lay(s: float) -> Goals:
            back, up = np.sin(0.5 * np.pi * s), np.cos(0.5 * np.pi * s)
            return hands(FAR_X - (length + DRAG) * back, LEAST_Z + (TOUCH * length - LEAST_Z) * up)

        if not (yield from self._hands.follow(lay, 0.5 * np.pi * length)):
            return False
        if not shape.spread(self._hands.now.points, self._table.towel):
            self._lays += 1
            if self._lays % LAYS:
                return False  # and flatten it again
            return (yield from self._hands.open(*SIDES))  # and pick it up elsewhere
        self._lays = self._tries = 0
        self.phase = "fold"
        ends = {"left": (shape.across(left, right),), "right": (shape.across(right, left),)}
        return (yield from self._fold({side: self._at(end)() for side, end in ends.items()}))

    def _second_fold(self, axis: int) -> Step:
        self.phase = "second fold"
        spots = shape.half_spots(self._hands.now.points, axis)
        if not (yield from self._take({side: start for side, (start, _) in spots.items()})):
            return False
        return (yield from self._fold({side: self._at(end)() for side, (_, end) in spots.items()}))

    def _fold(self, ends: Mapping[str, np.ndarray]) -> Step:
        """Both hands in half a circle from where they are onto these places, and let go."""
        starts = {side: self._hands.place(side) for side in SIDES}
        far = max(float(np.linalg.norm((ends[side] - starts[side])[:2])) for side in SIDES)

        def arc(s: float) -> Goals:
            along, up = 0.5 - 0.5 * np.cos(np.pi * s), 0.45 * far * np.sin(np.pi * s)
            goals: dict[str, Goal] = {}
            for side in SIDES:
                way = (ends[side] - starts[side]) * (1 + BEYOND / far) + (0.0, 0.0, 2 * THICK)
                goals[side] = (starts[side] + way * (along, along, s) + (0.0, 0.0, up), 0.0)
            return goals

        return (yield from self._hands.follow(arc, 0.5 * np.pi * far)) and (
            yield from self._hands.open(*SIDES)
        )

    def _stack(self) -> Step:
        """Lift a folded towel by its far edge and lay it down forwards."""
        self.phase = "lift"
        if not (yield from self._take(shape.quarter_spots(self._hands.now.points))):
            return False
        xy = self._hands.now.points[..., :2]
        low, high = xy.min(axis=(0, 1)), xy.max(axis=(0, 1))
        length, aside = float(high[0] - low[0]), PLACE[1] - float(low[1] + high[1]) / 2
        hands = partial(_both, {side: self._hands.place(side)[1] + aside for side in SIDES})
        near, height = PLACE[0] - length / 2 - FORWARD, self._table.stack.height
        top = height + length + 0.05
        up = {side: (self._hands.place(side) * (1, 1, 0) + (0, 0, top), 0.0) for side in SIDES}
        if not (yield from self._hands.go(lambda: up, 3.0, SIDES)):
            return False
        self.phase = "carry"
        if not (yield from self._hang(hands(near, top))):
            return False
        self.phase = "put"
        if not (yield from self._hands.go(lambda: hands(near, height + TOUCH * length), 1.0, SIDES)):
            return False

        def lay(s: float) -> Goals:
            on, up = np.sin(0.5 * np.pi * s), np.cos(0.5 * np.pi * s)
            return hands(near + length * on, height + LAID_Z + (TOUCH * length - LAID_Z) * up)

        return (yield from self._hands.follow(lay, 0.5 * np.pi * length)) and (
            yield from self._hands.open(*SIDES)
        )

    def _take(self, groups: Mapping[str, shape.Group]) -> Step:
        """Pinch all layers of a folded towel with both hands; let go where one was missed, a few times."""
        if not (yield from self._hands.pinch({s: self._at(group) for s, group in groups.items()}, REACH_S)):
            self._tries += 1
            yield from self._hands.open(*SIDES)
            return False
        held = {side: shape.indices(self._hands.now.held[side]) for side in SIDES}
        missed = any(not set(group) <= set(held[side]) for side, group in groups.items())
        self._tries = self._tries + 1 if missed else 0
        if missed and self._tries < TRIES:
            yield from self._hands.open(*SIDES)
            return False
        return True

    def _hang(self, goals: Goals) -> Step:
        """Bring what both hands hold somewhere, and let it swing."""
        return (yield from self._hands.go(lambda: goals, 3.0, SIDES)) and (
            yield from self._hands.stay(lambda: goals, SWING_S, SIDES)
        )

    def _at(self, group: shape.Group) -> Callable[[], np.ndarray]:
        return lambda: shape.middle(self._hands.now.points, group)


def begin(table: TowelTable) -> Act:
    """The expert at work, in an episode that was just reset."""
    expert = Expert(table)
    return lambda: table.bring(expert.act(truth(table)))


def _both(y: Mapping[str, float], x: float, z: float) -> Goals:
    """Closed hands beside each other."""
    return {side: (np.array([x, y[side], z]), 0.0) for side in SIDES}
