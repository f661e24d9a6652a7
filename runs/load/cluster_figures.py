"""From what robots of a cluster went through to rows of the report. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from statistics import median
from typing import Any

from load.cluster_robots import History

SERVED_S = 3.0
"""A robot counts as served at a time if it was answered in so long before it: nine periods."""


LEAVING_S = 1.0
"""Before the end of a phase its robots are counted: some leave then."""


def lost(robot: History) -> bool:
    """Whether it gave up, or was not served any more in the end."""
    return robot.error is not None or not served(robot, robot.ended_s)


def served(robot: History, at_s: float) -> bool:
    """Whether it was answered shortly before."""
    return any(at_s - SERVED_S <= when_s <= at_s for when_s, _ in robot.answered)


def gap_s(robot: History) -> float:
    """The longest time between two answers, or behind the last one; all of it for a robot without any."""
    when_s = [when for when, _ in robot.answered] or [robot.began_s]
    return max(later - sooner for sooner, later in itertools.pairwise([*when_s, robot.ended_s]))


def moves(robot: History, dead: int) -> int:
    """How often it changed to another process, though its own was not the one that died."""
    return sum(a not in (b, dead) for (_, a), (_, b) in itertools.pairwise(robot.answered))


def totals(robots: Sequence[History]) -> dict[str, Any]:
    """Of a whole run. stood: the longest time of any robot without a command, once it had begun to move;
    missed_ticks: their share, which tells how busy the machine was with other programs."""
    missed = sum(robot.missed_ticks for robot in robots)
    ticks = missed + sum(robot.ticks for robot in robots)
    return {
        "lost": sum(map(lost, robots)),
        "answers": sum(len(robot.answered) for robot in robots),
        "failed_requests": sum(len(robot.failed) for robot in robots),
        "refused_requests": sum(len(robot.refused) for robot in robots),
        "longest_gap_s": round(max(map(gap_s, robots)), 3),
        "longest_stood_s": round(max(robot.stood_s for robot in robots), 3),
        "missed_ticks": round(missed / max(1, ticks), 4),
    }


def killed(robots: Sequence[History], dead: int, at_s: float) -> dict[str, Any]:
    """A row of the report: process `dead` was killed at `at_s`.

    its_robots: that it served then; usual_gap: the median of the longest ones of the others; moved: changes
    of process that no death explains.
    """
    others = [robot for robot in robots if _process(robot, at_s) != dead]
    return {
        "its_robots": len(robots) - len(others),
        **totals(robots),
        "usual_gap_s": round(median(map(gap_s, others)), 3),
        "moved": sum(moves(robot, dead) for robot in robots),
    }


def since(seen: Sequence[tuple[float, int]], begin_s: float) -> list[tuple[float, int]]:
    """Times from then on."""
    return [(round(at_s - begin_s, 1), count) for at_s, count in seen]


def phase(robots: Sequence[History], from_s: float, to_s: float) -> dict[str, Any]:
    """A row of the report: what happened between two times.

    all_served_s: from its beginning until the last robot that is there at its end had its first answer; None
    where one had none.
    """
    there = [robot for robot in robots if robot.began_s < to_s and robot.ended_s >= to_s]
    first_s = [robot.answered[0][0] if robot.answered else float("inf") for robot in there]
    last_s = max(first_s, default=from_s)
    return {
        "robots": len(there),
        "served": sum(served(robot, to_s) for robot in there),
        "all_served_s": round(max(0.0, last_s - from_s), 2) if last_s <= to_s else None,
        "refused_requests": _within([at for robot in robots for at in robot.refused], from_s, to_s),
        "failed_requests": _within([at for robot in robots for at in robot.failed], from_s, to_s),
    }


def _within(times_s: Sequence[float], from_s: float, to_s: float) -> int:
    return sum(from_s <= at_s < to_s for at_s in times_s)


def _process(robot: History, at_s: float) -> int | None:
    before = [process for when_s, process in robot.answered if when_s <= at_s]
    return before[-1] if before else None
