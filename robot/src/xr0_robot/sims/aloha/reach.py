"""Joint angles that bring a hand to a place: damped least squares on a scratch copy of the physics."""

# MuJoCo brings no type stubs.
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

from typing import Any

import mujoco
import numpy as np

from xr0_robot import rotation

DAMPING = 0.03
"""Levenberg's lambda [m or rad per rad]."""

ITERATIONS = 10
MAX_STEP_RAD = 0.2

FINGERTIPS = np.array([0.135, 0.0, 0.0])
"""Between them, from the gripper's link [m]."""

JOINTS = ("waist", "shoulder", "elbow", "forearm_roll", "wrist_angle", "wrist_rotate")


class Arm:
    """One of the two: `vx300s_left` or `vx300s_right`."""

    def __init__(self, model: Any, name: str) -> None:
        self._model, self._data = model, mujoco.MjData(model)
        joints = [model.joint(f"{name}/{joint}") for joint in JOINTS]
        self._qpos = np.array([joint.qposadr[0] for joint in joints])
        self._dofs = np.array([joint.dofadr[0] for joint in joints])
        self._range = np.array([joint.range for joint in joints])
        self._hand = model.body(f"{name}/gripper_link").id

    def pose(self, joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where the fingertips are [3] and how the hand is turned [3, 3]."""
        self._data.qpos[self._qpos] = joints
        mujoco.mj_kinematics(self._model, self._data)
        turn = self._data.xmat[self._hand].reshape(3, 3).copy()
        return self._data.xpos[self._hand] + turn @ FINGERTIPS, turn

    def reach(self, place: np.ndarray, turn: np.ndarray, start: np.ndarray) -> np.ndarray:
        """Joints [6] nearest to that, from `start`."""
        joints, jacobian = start.copy(), np.zeros((6, self._model.nv))
        for _ in range(ITERATIONS):
            at, turned = self.pose(joints)
            error = np.concatenate([place - at, rotation.log(turn @ turned.T)])
            mujoco.mj_comPos(self._model, self._data)
            mujoco.mj_jac(self._model, self._data, jacobian[:3], jacobian[3:], at, self._hand)
            j = jacobian[:, self._dofs]
            step = np.linalg.solve(j.T @ j + DAMPING**2 * np.eye(6), j.T @ error)
            step *= min(1.0, MAX_STEP_RAD / max(float(np.abs(step).max()), 1e-9))
            joints = np.clip(joints + step, *self._range.T)
        return joints
