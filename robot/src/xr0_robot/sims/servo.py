"""One control tick of arms in MuJoCo: tool poses and openings in, physics steps out."""

# MuJoCo is compiled and brings no type stubs.
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np

from xr0_robot.sims.kinematics import ArmKinematics
from xr0_robot.sims.scene import OPENING

ARM_NUMBERS = 7
"""Of an arm's command: its tool's pose [6] and its gripper's opening."""

JOINT_SPEED = 4.0
"""Fastest commanded joint motion [rad/s]; a servo's own limit, so that no command can teleport the arm."""


def follow(
    model: mujoco.MjModel,
    data: mujoco.MjData,
    arms: Sequence[ArmKinematics],
    action: np.ndarray,
    dt: float,
    substeps: int,
) -> None:
    """Step the world by `dt` [s] towards `action` [7 n] of n arms; targets are interpolated within it."""
    ctrl, joints = data.ctrl, np.concatenate([arm.joint_actuators for arm in arms])
    start = ctrl[joints].copy()
    step = np.empty_like(start)
    commands = action.reshape(len(arms), ARM_NUMBERS)
    for k, (arm, command) in enumerate(zip(arms, commands, strict=True)):
        own = slice(k * len(arm.joint_actuators), (k + 1) * len(arm.joint_actuators))
        way = arm.solve(command[:6], start[own]) - start[own]
        step[own] = way * min(1.0, JOINT_SPEED * dt / max(float(np.abs(way).max()), 1e-9))
        ctrl[arm.finger_actuators] = np.clip(command[6], 0.0, 1.0) * OPENING / 2
    for k in range(substeps):
        ctrl[joints] = start + step * (k + 1) / substeps
        mujoco.mj_step(model, data)
    mujoco.mj_forward(model, data)
