"""The brick table's robot: six joints, told where its tool shall be."""

from __future__ import annotations

from xr0_robot.sims.brick_table.robot import Robot
from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.sims.bricks.limits import LIMITS
from xr0_robot.sims.bricks.views import VIEWS
from xr0_robot.sims.servo import PoseArm
from xr0_robot.sims.six_joint_arm import SixJointArm

ROBOT = Robot(
    embodiment=BRICKS,
    arm=SixJointArm(),
    control=PoseArm,
    views=VIEWS,
    substeps=12,
    limits=LIMITS,
    noise_std=(0.008, 0.008, 0.008, 0.0, 0.0, 0.06, 0.0),
)
"""Physics steps of 2.8 ms each at 30 Hz."""
