"""From a tool pose to joint targets: damped least squares on MuJoCo's Jacobian, a few steps per tick."""

# MuJoCo is compiled and brings no type stubs.
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

import mujoco
import numpy as np

from xr0_robot import rotation
from xr0_robot.sims.gripper import FINGERS
from xr0_robot.sims.scene import Arm

DAMPING = 0.02
"""Levenberg's lambda [m or rad per rad]: small beside a good Jacobian, bounds the step at a singular one."""

MAX_STEP = 0.2
"""Largest joint change of one iteration [rad]; keeps the linearisation honest."""

TOLERANCE = 1e-5
"""Error [m and rad] at which to stop."""


class ArmKinematics:
    """One arm of a compiled scene. Poses are [6]: x, y, z [m] and axis-angle [rad] of the tool in the arm's
    base frame, joint angles [j] those of its hinges in their order [rad]. Solving uses scratch MjData and
    never touches the simulation.
    """

    def __init__(self, model: mujoco.MjModel, arm: Arm) -> None:
        self._model, self._data = model, mujoco.MjData(model)
        self.home, self.opening = np.array(arm.home), arm.gripper.opening
        joints = [model.joint(f"{arm.name}/{name}") for name in arm.joints]
        fingers = [model.joint(f"{arm.name}/{name}") for name in FINGERS]
        self._qpos = np.array([joint.qposadr[0] for joint in joints])
        self._dofs = np.array([joint.dofadr[0] for joint in joints])
        self._finger_qpos = np.array([finger.qposadr[0] for finger in fingers])
        self.limits = np.array([joint.range for joint in joints])
        self.joint_actuators = np.array([model.actuator(f"{arm.name}/{name}").id for name in arm.joints])
        self.finger_actuators = np.array([model.actuator(f"{arm.name}/{name}").id for name in FINGERS])
        self._site = model.site(f"{arm.name}/tool").id
        mujoco.mj_kinematics(model, self._data)
        base = self._data.body(f"{arm.name}/base")
        self._base_position, self._base_rotation = base.xpos.copy(), base.xmat.reshape(3, 3).copy()

    def pose(self, data: mujoco.MjData) -> np.ndarray:
        """The tool's pose [6] in `data`, whose kinematics are up to date."""
        position = self._base_rotation.T @ (data.site_xpos[self._site] - self._base_position)
        turn = self._base_rotation.T @ data.site_xmat[self._site].reshape(3, 3)
        return np.concatenate([position, rotation.log(turn)])

    def tool(self, data: mujoco.MjData) -> np.ndarray:
        """Its pose and the gripper's opening, [7]."""
        return np.append(self.pose(data), self.gripper(data))

    def angles(self, data: mujoco.MjData) -> np.ndarray:
        """Measured joint angles [j]."""
        return data.qpos[self._qpos]

    def gripper(self, data: mujoco.MjData) -> float:
        """Measured opening, 0 closed to 1 open."""
        return float(np.clip(data.qpos[self._finger_qpos].sum() / self.opening, 0.0, 1.0))

    def place(self, data: mujoco.MjData, joints: np.ndarray, gripper: float) -> None:
        """Write joint angles [j] and opening 0..1 into `data` as state and as command."""
        data.qpos[self._qpos], data.ctrl[self.joint_actuators] = joints, joints
        data.qpos[self._finger_qpos] = data.ctrl[self.finger_actuators] = gripper * self.opening / 2

    def solve(self, pose: np.ndarray, start: np.ndarray, iterations: int = 5) -> np.ndarray:
        """Joint angles [j] within their limits whose tool pose is nearest to `pose` [6], from `start` [j]."""
        position = self._base_position + self._base_rotation @ pose[:3]
        turn = self._base_rotation @ rotation.exp(pose[3:])
        joints = np.clip(start, self.limits[:, 0], self.limits[:, 1])
        for _ in range(iterations):
            error, jacobian = self._linearise(joints, position, turn)
            if np.abs(error).max() < TOLERANCE:
                break
            joints = self._step(joints, error, jacobian)
        return joints

    def _linearise(
        self, joints: np.ndarray, position: np.ndarray, turn: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Pose error [6] and the tool's Jacobian [6, j], both in world axes."""
        data = self._data
        data.qpos[self._qpos] = joints
        mujoco.mj_kinematics(self._model, data)
        mujoco.mj_comPos(self._model, data)
        jacobian = np.zeros((6, self._model.nv))
        mujoco.mj_jacSite(self._model, data, jacobian[:3], jacobian[3:], self._site)
        measured = data.site_xmat[self._site].reshape(3, 3)
        error = np.concatenate([position - data.site_xpos[self._site], rotation.log(turn @ measured.T)])
        return error, jacobian[:, self._dofs]

    def _step(self, joints: np.ndarray, error: np.ndarray, jacobian: np.ndarray) -> np.ndarray:
        """One damped step; a joint that would leave its range is frozen and the others solve again."""
        free = np.ones(len(joints), dtype=bool)
        step = np.zeros(len(joints))
        for _ in range(len(joints)):
            j = jacobian[:, free]
            step[:] = 0.0
            step[free] = np.linalg.solve(j.T @ j + DAMPING**2 * np.eye(free.sum()), j.T @ error)
            goal = joints + step
            leaving = free & (
                ((goal < self.limits[:, 0]) & (joints <= self.limits[:, 0]))
                | ((goal > self.limits[:, 1]) & (joints >= self.limits[:, 1]))
            )
            if not leaving.any():
                break
            free &= ~leaving
        step *= min(1.0, MAX_STEP / max(float(np.abs(step).max()), 1e-9))
        return np.clip(joints + step, self.limits[:, 0], self.limits[:, 1])
