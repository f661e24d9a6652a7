"""Who is served: one more robot only if all of them can be kept moving. No clock, no threads.

Measured are how long batches take, how often each robot asks, and how long before its plan runs out. A robot
has room if, asked by all at the worst moment, no deadline would be missed (`feasible`). Who is in stays in
until it falls silent. Requests that name no deadline need no room, and get what is left.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from statistics import median

import numpy as np

from xr0.serve.measured import ServiceTimes

SHARE = 0.8
"""Of the time that may be promised; the rest is for what varies, and for requests without a deadline."""

PERIOD_S = 1 / 3
"""Between a robot's requests, where none is known: every 10 ticks at 30 Hz, as the official client asks."""

PLAN_S = 0.5
"""Left of a robot's plan when it asks, where none is known: 20 of 30 rows at 30 Hz, less for the way."""

SILENT_S, SILENT_PERIODS = 2.0, 3.0
"""A robot that has not asked for so long, and for so many of its periods, has given up its room."""

CLOSED_S = 0.1
"""Once full, nobody new is considered for so long: a crowd at the door costs nothing."""

UNMEASURED = 8
"""Robots that are let in before any batch of their kind has shown how long it takes."""

GRID_S = 0.01
"""Deadlines are rounded down to this."""

SMOOTHING = 0.25
"""Weight of the newest interval between two requests."""


@dataclass(frozen=True)
class Habit:
    """How a robot asks: every `period_s`, with `plan_s` left of its plan; each None until it is known."""

    bucket: Hashable
    last_s: float
    plan_s: float | None = None
    period_s: float | None = None

    def silent(self, now_s: float) -> bool:
        """Whether it has stopped asking."""
        return now_s - self.last_s > max(SILENT_S, SILENT_PERIODS * (self.period_s or 0.0))

    def asked(self, bucket: Hashable, plan_s: float | None, now_s: float) -> Habit:
        """After another request; plan_s: None where it stood already. A pause says nothing of its pace, where
        that is known."""
        passed_s, period_s = now_s - self.last_s, self.period_s
        if period_s is None:
            period_s = passed_s if passed_s > 0.0 else None
        elif passed_s > 0.0 and not self.silent(now_s):
            period_s += SMOOTHING * (passed_s - period_s)
        return Habit(bucket, now_s, self.plan_s if plan_s is None else plan_s, period_s)


class Admission:
    """The robots that are served, and whether there is room for another."""

    def __init__(self, times: ServiceTimes, largest_batch: int) -> None:
        self._times = times
        self._largest = largest_batch
        self._habits: dict[Hashable, Habit] = {}
        self._silent: dict[Hashable, Habit] = {}
        """Of robots that gave up their room: one that asks every few seconds is known when it is back."""
        self._closed_until_s = -float("inf")

    def __len__(self) -> int:
        """How many robots have room."""
        return len(self._habits)

    def admits(self, robot: Hashable, bucket: Hashable, plan_s: float | None, now_s: float) -> bool:
        """Whether the robot that asks is, or is from now on, one of those that are served.

        plan_s: what is left of its plan, None where it stands.
        """
        habit = self._habits.get(robot)
        if habit is None:
            habit = self._silent.get(robot, Habit(bucket, now_s))
            if not self._enters(habit.asked(bucket, plan_s, now_s), now_s):
                return False
            self._silent.pop(robot, None)
        self._habits[robot] = habit.asked(bucket, plan_s, now_s)
        return True

    def forget(self, robot: Hashable) -> None:
        """It has left."""
        self._habits.pop(robot, None)
        self._silent.pop(robot, None)

    def load(self) -> float:
        """Share of the time that the robots that are served need, as far as batches were measured."""
        costs, _, periods = self._demand(list(self._habits.values()))
        return float((costs / periods).sum())

    def _enters(self, newcomer: Habit, now_s: float) -> bool:
        if now_s < self._closed_until_s:
            return False
        for robot in [robot for robot, habit in self._habits.items() if habit.silent(now_s)]:
            self._silent[robot] = self._habits.pop(robot)
        if self._room(newcomer):
            return True
        self._closed_until_s = now_s + CLOSED_S
        return False

    def _room(self, newcomer: Habit) -> bool:
        if not self._habits:
            return True
        habits = [*self._habits.values(), newcomer]
        if not self._times.known(newcomer.bucket):
            return sum(habit.bucket == newcomer.bucket for habit in habits) <= UNMEASURED
        longest = max(self._times.longest(habit.bucket) for habit in habits)
        return feasible(*self._demand(habits), blocking_s=longest)

    def _demand(self, habits: list[Habit]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Seconds per request, slack and period of each robot [n]; of a new one, as the others have them."""
        sharing: dict[Hashable, int] = {}
        for habit in habits:
            sharing[habit.bucket] = sharing.get(habit.bucket, 0) + 1
        costs = {b: self._times.cost(b, min(n, self._largest)) for b, n in sharing.items()}
        plan_s = min((h.plan_s for h in habits if h.plan_s is not None), default=PLAN_S)
        known = [h.period_s for h in habits if h.period_s is not None]
        period_s = median(known) if known else PERIOD_S
        return (
            np.array([costs[habit.bucket] for habit in habits]),
            np.array([plan_s if habit.plan_s is None else habit.plan_s for habit in habits]),
            np.array([period_s if habit.period_s is None else habit.period_s for habit in habits]),
        )


def feasible(costs: np.ndarray, slacks: np.ndarray, periods: np.ndarray, blocking_s: float) -> bool:
    """Whether robots that ask every `periods` for `costs` can all be answered within `slacks`, each [n], s.

    The demand test of non-preemptive EDF (George, Rivierre and Spuri, INRIA RR-2966, 1996): from a moment at
    which all ask, behind a batch that has just begun, what is due within t must take no more than t; here
    SHARE t. Behind the last t that is looked at this follows from the load and from t = the longest slack. A
    slack in which not even a lone robot could be answered is promised nothing; its work counts in the load.
    """
    if float((costs / periods).sum()) > SHARE:
        return False
    promised = SHARE * slacks > blocking_s + costs
    costs, periods = costs[promised], periods[promised]
    due = np.maximum(1, np.floor(slacks[promised] / GRID_S)) * GRID_S
    if len(due) == 0:
        return True
    at = np.arange(due.min(), due.max() * SHARE / (1 - SHARE) + GRID_S, GRID_S)[:, None]
    jobs = np.maximum(0, np.floor((at - due) / periods + 1e-9) + 1)
    demand = np.where(jobs.any(axis=1), blocking_s + (jobs * costs).sum(axis=1), 0.0)
    return bool((demand <= SHARE * at[:, 0] + 1e-9).all())
