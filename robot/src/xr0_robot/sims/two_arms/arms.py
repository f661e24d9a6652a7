"""Its arms, and its cameras."""

from __future__ import annotations

from xr0_robot.sims.scene import Arm, View
from xr0_robot.sims.six_joint_arm import SixJointArm

BASE_Y = 0.24
"""Each arm stands so far from the middle [m]."""

LEFT: Arm = SixJointArm("left", position=(0.0, BASE_Y, 0.0))
RIGHT: Arm = SixJointArm("right", position=(0.0, -BASE_Y, 0.0))
ARMS = (LEFT, RIGHT)
"""In the order of the robot's vectors."""


def _wrist(side: str) -> View:
    """Before the fingers, looking at what is between them."""
    place, right, up = (0.080, 0.0, -0.070), (0.0, -1.0, 0.0), (0.966, 0.0, -0.259)
    return View(f"wrist_{side}", place, right, up, 75.0, arm=side)


VIEWS = (
    # Beyond the table, looking back and down; turned so that the picture's left is the robot's left.
    View("ego", (0.92, 0.0, 0.80), (0.0, -1.0, 0.0), (0.812, 0.0, -0.583), 46.0),
    _wrist("left"),
    _wrist("right"),
)
