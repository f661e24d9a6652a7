"""Who works at a brick table, as one value."""

from __future__ import annotations

from dataclasses import dataclass

from xr0_robot.limits import Limits
from xr0_robot.sims.scene import Arm, View
from xr0_robot.sims.servo import JointArm, PoseArm
from xr0_robot.types import Embodiment


@dataclass(frozen=True)
class Robot:
    """One arm whose base frame is the world's, and its cameras.

    control: how it is told what to do; views: the embodiment's cameras by their keys, of which the first
    overlooks the table, with the robot's left on its left, and the last sees the fingers. substeps: physics
    steps per control tick. noise_std: of the disturbance in demonstrations, per number of a command [m, rad]:
    about the error of a policy worth correcting.
    """

    embodiment: Embodiment
    arm: Arm
    control: type[PoseArm] | type[JointArm]
    views: tuple[View, ...]
    substeps: int
    limits: Limits
    noise_std: tuple[float, ...]
