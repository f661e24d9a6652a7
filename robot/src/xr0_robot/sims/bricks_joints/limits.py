"""How far and how fast the five-joint robot may be told to go."""

from __future__ import annotations

from xr0_robot.limits import GRIPPER_TOLERANCE, Limits, PlainLimit

LIMITS: Limits = {
    "arm.joints": PlainLimit(
        low=(-1.2, -1.0, 0.3, 0.0, -2.4), high=(1.2, 1.4, 2.7, 2.2, 2.4), rate=(2.5, 2.5, 3.0, 3.0, 6.0)
    ),
    "arm.gripper": PlainLimit(low=0.0, high=1.0, rate=10.0, tolerance=GRIPPER_TOLERANCE),
}
"""The table before it, and twice the speeds of the scripted expert."""
