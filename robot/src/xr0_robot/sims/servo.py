"""What an arm in MuJoCo is told, and one control tick of several: commands in, physics steps out."""

# MuJoCo is compiled and brings no type stubs.
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np

from xr0_robot.sims.kinematics import ArmKinematics

JOINT_SPEED = 4.0
"""Fastest commanded joint motion [rad/s]; a servo's own limit, so that no command can teleport the arm."""


class PoseArm(ArmKinematics):
    """An arm that is told its tool's pose [6] and its opening 0..1: 7 numbers, measured alike."""

    @property
    def numbers(self) -> int:
        """Of its command, and of its state."""
        return 7

    def state(self, data: mujoco.MjData) -> np.ndarray:
        """Measured, [7]."""
        return self.tool(data)

    def command(self, tool: np.ndarray, data: mujoco.MjData) -> np.ndarray:
        """What tells it to bring its tool to `tool` [7], pose and opening."""
        return tool

    def target(self, command: np.ndarray, start: np.ndarray) -> np.ndarray:
        """Joint angles [j] that a command asks for, from `start` [j]."""
        return self.solve(command[:6], start)


class JointArm(ArmKinematics):
    """An arm that is told its j joint angles [rad] and its opening 0..1: j + 1 numbers, measured alike."""

    @property
    def numbers(self) -> int:
        """Of its command, and of its state."""
        return len(self.limits) + 1

    def state(self, data: mujoco.MjData) -> np.ndarray:
        """Measured, [j + 1]."""
        return np.append(self.angles(data), self.gripper(data))

    def command(self, tool: np.ndarray, data: mujoco.MjData) -> np.ndarray:
        """What tells it to bring its tool to `tool` [7], pose and opening, from what it was told last."""
        return np.append(self.solve(tool[:6], data.ctrl[self.joint_actuators]), tool[6])

    def target(self, command: np.ndarray, start: np.ndarray) -> np.ndarray:
        """Joint angles [j] that a command asks for, within their limits."""
        return np.clip(command[:-1], *self.limits.T)


Arm = PoseArm | JointArm
"""One or the other."""


def follow(
    model: mujoco.MjModel,
    data: mujoco.MjData,
    arms: Sequence[Arm],
    action: np.ndarray,
    dt: float,
    substeps: int,
) -> None:
    """Step the world by `dt` [s] towards `action`, all commands in turn; its targets are interpolated."""
    ctrl, joints = data.ctrl, np.concatenate([arm.joint_actuators for arm in arms])
    start = ctrl[joints].copy()
    steps = []
    commands = np.split(action, np.cumsum([arm.numbers for arm in arms])[:-1])
    for arm, command in zip(arms, commands, strict=True):
        told = ctrl[arm.joint_actuators].copy()
        way = arm.target(command, told) - told
        steps.append(way * min(1.0, JOINT_SPEED * dt / max(float(np.abs(way).max()), 1e-9)))
        ctrl[arm.finger_actuators] = np.clip(command[-1], 0.0, 1.0) * arm.opening / 2
    step = np.concatenate(steps)
    for k in range(substeps):
        ctrl[joints] = start + step * (k + 1) / substeps
        mujoco.mj_step(model, data)
    mujoco.mj_forward(model, data)
