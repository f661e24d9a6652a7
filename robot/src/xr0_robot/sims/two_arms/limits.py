"""How far and how fast the two arms may be told to go, and how near each other."""

from __future__ import annotations

from xr0_robot.limits import GRIPPER_TOLERANCE, Apart, Limits, PlainLimit, PoseLimit
from xr0_robot.sims.two_arms.arms import BASE_Y

REACH_X = (0.15, 0.66)
REACH_Z = (0.005, 0.45)
OUTWARDS, ACROSS = 0.24, 0.40
"""Of a tool, from its own base [m]: over its own half of the table, and over a hand's work in the middle."""

SPEED_M_S, TURN_RAD_S = 1.0, 4.0
"""Twice what the scripted experts do."""

HANDS_APART_M = 0.036
"""Two hands that point down and close across the same line pass each other by 2 mm."""

_GRIPPER = PlainLimit(low=0.0, high=1.0, rate=10.0, tolerance=GRIPPER_TOLERANCE)
_BETWEEN = (0.0, -2 * BASE_Y, 0.0)


def _pose(right: float, left: float, apart: Apart | None = None) -> PoseLimit:
    low, high = (REACH_X[0], -right, REACH_Z[0]), (REACH_X[1], left, REACH_Z[1])
    return PoseLimit(low, high, SPEED_M_S, TURN_RAD_S, apart=apart)


LIMITS: Limits = {
    "left.pose": _pose(ACROSS, OUTWARDS, Apart("right.pose", _BETWEEN, 0.0, HANDS_APART_M)),
    "left.gripper": _GRIPPER,
    "right.pose": _pose(OUTWARDS, ACROSS),
    "right.gripper": _GRIPPER,
}
