"""The brick table's second robot: five joints, told their angles."""

from __future__ import annotations

from xr0_robot.sims.brick_table.robot import Robot
from xr0_robot.sims.bricks_joints.embodiment import BRICKS_JOINTS
from xr0_robot.sims.bricks_joints.limits import LIMITS
from xr0_robot.sims.bricks_joints.views import VIEWS
from xr0_robot.sims.five_joint_arm import FiveJointArm
from xr0_robot.sims.servo import JointArm

ROBOT = Robot(
    embodiment=BRICKS_JOINTS,
    arm=FiveJointArm(),
    control=JointArm,
    views=VIEWS,
    substeps=18,
    limits=LIMITS,
    noise_std=(0.014, 0.012, 0.012, 0.03, 0.06, 0.0),
)
"""Physics steps of 2.8 ms each at 20 Hz."""
