"""The fling loop: the robot makes the same motion again and again, and the towel stays what it was.

The paper reports it for a policy that copies its prefix and no longer looks. Here it is a matter of numbers:
of the places that both hands were told to go to, and of the towel's stage and spread. A cycle of some seconds
is repeated if from one to the next the hands' places differ by less than `ALIKE_M` in the mean, a hand went
far in it (`FAR_M`), and at its ends the towel has the same stage and is as wide as before (`CHANGED`). Three
tries are tries; from the fourth in a row on (`CYCLES`), all of it is a loop.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PERIOD_S = (2.0, 20.0)
"""Shortest and longest cycle: a fling takes two seconds, to pick a towel up and lay it down ten or so."""

ALIKE_M = 0.03
"""Half of what a policy's own noise and delays make of the same motion at its speed."""

FAR_M = 0.06
"""Root mean square distance of the hand that moves more from its mean place in a cycle: a fling moves hands
by a towel's length to and fro, closing a hand once more moves it by less."""

CHANGED = 0.15
"""Of the flat towel's area: its smallest rectangle differs by so much if something came of a motion."""

CYCLES = 4


@dataclass(frozen=True)
class Trace:
    """Of one towel, evenly in time. places [n, 6]: left and right hand, as told [m]; stages [n]; spread [n]:
    area of its smallest rectangle, of the flat towel's."""

    places: np.ndarray
    stages: np.ndarray
    spread: np.ndarray


@dataclass(frozen=True)
class Loops:
    """How many, and how long all of them took [s]."""

    count: int
    seconds: float


def loops(trace: Trace, dt: float) -> Loops:
    """Those of one towel; dt: between samples [s]."""
    inside = looping(trace, dt)
    begins = inside & ~np.concatenate([[False], inside[:-1]])
    return Loops(int(begins.sum()), float(inside.sum() * dt))


def looping(trace: Trace, dt: float) -> np.ndarray:
    """bool [n]: which samples belong to a loop of any period."""
    n = len(trace.places)
    inside = np.zeros(n, dtype=bool)
    for period in range(round(PERIOD_S[0] / dt), min(round(PERIOD_S[1] / dt), (n - 1) // CYCLES) + 1):
        for end in np.flatnonzero(_ends(trace, period)):
            inside[end - CYCLES * period : end + 1] = True
    return inside


def _ends(trace: Trace, period: int) -> np.ndarray:
    """bool [n]: where CYCLES equal cycles of this many samples end, from whose beginning on nothing came of
    them."""
    n, first = len(trace.places), CYCLES * period
    repeats, same = _repeats(trace.places, period), _same(trace, period)
    ends = np.zeros(n, dtype=bool)
    ends[first:] = True
    for back in range(0, first, period):
        ends[first:] &= same[first - back : n - back]
    for back in range(0, first - period, period):
        ends[first:] &= repeats[first - back : n - back]
    return ends


def _repeats(places: np.ndarray, period: int) -> np.ndarray:
    """bool [n]: whether the cycle that ends there is like the one before it, and goes far."""
    n, hands = len(places), places.reshape(len(places), 2, 3)
    apart = np.linalg.norm(hands[period:] - hands[:-period], axis=2).max(axis=1)
    alike = np.zeros(n, dtype=bool)
    alike[2 * period - 1 :] = _mean(apart, period) < ALIKE_M
    mean, square = _mean(hands, period), _mean((hands**2).sum(axis=2), period)
    around = square - (mean**2).sum(axis=2)
    far = np.zeros(n, dtype=bool)
    far[period - 1 :] = around.max(axis=1) > FAR_M**2
    return alike & far


def _same(trace: Trace, period: int) -> np.ndarray:
    """bool [n]: whether the towel is as it was a cycle before."""
    same = np.zeros(len(trace.stages), dtype=bool)
    same[period:] = (trace.stages[period:] == trace.stages[:-period]) & (
        np.abs(trace.spread[period:] - trace.spread[:-period]) < CHANGED
    )
    return same


def _mean(values: np.ndarray, window: int) -> np.ndarray:
    """Over each window [n - window + 1, ...]."""
    total = np.concatenate([np.zeros_like(values[:1]), np.cumsum(values, axis=0)])
    return (total[window:] - total[:-window]) / window
