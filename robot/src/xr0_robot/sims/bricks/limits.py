"""How far and how fast the brick table's arm may be told to go."""

from __future__ import annotations

from xr0_robot.limits import GRIPPER_TOLERANCE, Limits, PlainLimit, PoseLimit

LIMITS: Limits = {
    "arm.pose": PoseLimit(low=(0.15, -0.35, 0.005), high=(0.78, 0.35, 0.45), speed_m_s=1.0, turn_rad_s=4.0),
    "arm.gripper": PlainLimit(low=0.0, high=1.0, rate=10.0, tolerance=GRIPPER_TOLERANCE),
}
"""Its working area above the table top, twice the speeds of the scripted expert."""
