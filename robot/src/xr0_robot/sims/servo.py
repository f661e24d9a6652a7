"""One control tick of an arm in MuJoCo: a tool pose and an opening in, physics steps out."""

# MuJoCo is compiled and brings no type stubs.
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

import mujoco
import numpy as np

from xr0_robot.sims.kinematics import ArmKinematics
from xr0_robot.sims.scene import OPENING

JOINT_SPEED = 4.0
"""Fastest commanded joint motion [rad/s]; a servo's own limit, so that no command can teleport the arm."""


def follow(
    model: mujoco.MjModel,
    data: mujoco.MjData,
    arm: ArmKinematics,
    action: np.ndarray,
    dt: float,
    substeps: int,
) -> None:
    """Step the world by `dt` [s] towards `action` [7] (pose, opening); targets are interpolated within it."""
    ctrl, joints = data.ctrl, arm.joint_actuators
    start = ctrl[joints].copy()
    step = arm.solve(action[:6], start) - start
    step *= min(1.0, JOINT_SPEED * dt / max(float(np.abs(step).max()), 1e-9))
    ctrl[arm.finger_actuators] = np.clip(action[6], 0.0, 1.0) * OPENING / 2
    for k in range(substeps):
        ctrl[joints] = start + step * (k + 1) / substeps
        mujoco.mj_step(model, data)
    mujoco.mj_forward(model, data)
