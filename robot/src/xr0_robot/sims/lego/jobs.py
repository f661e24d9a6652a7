"""What there is to do at the Lego table, and how a hand takes a brick."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from xr0_robot.sims.lego.bricks import BEAM_HALF, HALF, HEIGHT, SIDE_OF
from xr0_robot.sims.lego.env import LegoTable
from xr0_robot.sims.lego.grips import spots
from xr0_robot.sims.two_arms.embodiment import SIDES

ACROSS_Y = 0.15
"""A hand reaches so far beyond the middle of the table [m]."""

BEST_YAW = {"left": 0.65, "right": -0.65}
"""Middle of the half turn of yaw [rad] that a wrist reaches wherever its arm points over the table."""

FLAT = 0.7
"""An axis whose vertical part is less lies flat enough to close along it."""


@dataclass(frozen=True)
class Job:
    """Take a brick, with what hangs on it, from where it is.

    taker: the hand that does; hold: where along the brick's long axis the other one holds the rest [m], None
    where there is none; bin: where it goes, by its colour, None to lay it down where the other hand can take
    it; ends: take it by its ends, as where something lies along its sides.
    """

    number: int
    taker: str
    hold: float | None
    bin: str | None
    ends: bool = False

    @property
    def other(self) -> str:
        """The hand that does not take."""
        return SIDES[1 - SIDES.index(self.taker)]


def choose(table: LegoTable, but: Collection[Job]) -> Job | None:
    """The best job that there is now; None where there is none. but: not these, wherever they would hold.

    Single bricks come first, then those on top, those first that their own hand can take to their bin.
    """
    found = [
        job
        for number in range(table.count)
        for job in jobs(table, number)
        if replace(job, hold=None) not in but
    ]
    return min(found, key=lambda job: _cost(table, job), default=None)


def jobs(table: LegoTable, number: int) -> list[Job]:
    """All with one brick; none where it may stay, or where others are upon it."""
    colour = table.colours[number]
    in_bin, wanted = table.bin_of(number), table.task.wants(colour)
    if (in_bin == colour and wanted) or (in_bin is None and not wanted):
        return []
    if _covered(table, number):
        return []
    loose = len(table.studs.piece(number)) == 1
    holds: Mapping[str, float | None] = dict.fromkeys(SIDES) if loose else _holds(table, number)
    return [
        Job(number, taker, hold, colour if SIDE_OF[colour] == taker else None, ends)
        for taker, hold in holds.items()
        if _reaches(taker, table.centre(number)[1])
        for ends in ((False, True) if loose else (False,))
    ]


def grip(table: LegoTable, job: Job) -> tuple[np.ndarray, float, np.ndarray]:
    """How its hand takes a brick however it lies: its middle [3], the hand's yaw, and the horizontal
    direction [3] along the fingers' faces: the brick's longest axis that lies flat, or the shortest where it
    is taken by its ends."""
    turn = table.turn(job.number)
    flat = sorted((k for k in range(3) if abs(turn[2, k]) < FLAT), key=lambda k: HALF[k])
    axis = turn[:, flat[0 if job.ends else -1]] * [1.0, 1.0, 0.0]
    axis = axis / np.linalg.norm(axis)
    return table.centre(job.number), facing(float(np.arctan2(axis[1], axis[0])), job.taker), axis


def facing(yaw: float, side: str) -> float:
    """The same grip, half turns apart: the one that this arm reaches best."""
    best = BEST_YAW[side]
    return float((yaw - best + np.pi / 2) % np.pi - np.pi / 2 + best)


def _covered(table: LegoTable, number: int) -> bool:
    """Whether a brick that is joined to it lies above it, whichever way up they are."""
    joined = [joint for joint in table.studs.joints() if number in (joint.lower, joint.upper)]
    above = table.centre(number)[2] + HEIGHT / 2
    return any(table.centre(joint.lower + joint.upper - number)[2] > above for joint in joined)


def _reaches(side: str, y: float) -> bool:
    return y < ACROSS_Y if side == "right" else y > -ACROSS_Y


def _holds(table: LegoTable, number: int) -> dict[str, float]:
    """By the hand that takes: where the other one holds, along the brick's own axis."""
    centre, axis = table.centre(number), table.turn(number)[:, 0]
    rest = [other for other in table.studs.piece(number) if other != number]
    others = np.array([(table.centre(other) - centre) @ axis for other in rest])
    halves = np.array([(BEAM_HALF if other >= table.count else HALF)[0] for other in rest])
    left = 1 if axis[1] > 0 else -1  # of the brick's axis: towards the robot's left
    return {("right" if side == left else "left"): place for side, place in spots(others, halves).items()}


def _cost(table: LegoTable, job: Job) -> tuple[float, ...]:
    """Less is better."""
    single = len(table.studs.piece(job.number)) == 1
    height = table.centre(job.number)[2]
    return (not single, job.ends, job.bin is None, -round(height / HEIGHT), abs(job.hold or 0.0), job.number)
