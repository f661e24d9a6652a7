"""The table with its one arm and its cameras, compiled once: what all its environments share."""

# MuJoCo is compiled and brings no type stubs.
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

import mujoco
import numpy as np

from xr0_robot.sims import cameras, scene, servo
from xr0_robot.sims.bricks.embodiment import BRICKS as EMBODIMENT
from xr0_robot.sims.kinematics import ArmKinematics
from xr0_robot.types import Observation, finite_vector

HOME = np.array([0.0, -0.2, 0.35, -0.15, 0.0, 0.0])
"""Joint angles [rad] from which a start pose is solved."""


class Table:
    """Half of an Env of the embodiment "bricks": it looks and moves. Native vectors [7]: x, y, z [m] and
    axis-angle [rad] of the tool in the arm's base frame, gripper 0..1.

    substeps: physics steps per control tick of 1/30 s.
    """

    embodiment = EMBODIMENT

    def __init__(self, world: scene.Scene, substeps: int) -> None:
        self.model = mujoco.MjModel.from_xml_string(scene.mjcf(world))
        self.data = mujoco.MjData(self.model)
        self.arm = ArmKinematics(self.model, world.arms[0].name)
        self._cameras = cameras.Cameras(self.model)
        self._substeps = substeps

    def observe(self, instruction: str, time_s: float) -> Observation:
        """Both cameras and the state. Call it always from the same thread (OpenGL)."""
        images = {view.key: self.render(view.key, *view.size) for view in EMBODIMENT.cameras}
        return Observation(images, self.state(), instruction, time_s)

    def state(self) -> np.ndarray:
        """float64 [7], measured."""
        return np.concatenate([self.arm.pose(self.data), [self.arm.gripper(self.data)]])

    def apply(self, action: np.ndarray) -> None:
        """One tick of 1/30 s towards `action` [7]; the servos' targets are interpolated within the tick."""
        action = finite_vector("action", action, EMBODIMENT.native_dim)
        servo.follow(self.model, self.data, self.arm, action, EMBODIMENT.dt, self._substeps)

    def stop(self) -> None:
        """Between ticks nothing moves."""

    def close(self) -> None:
        """Free the renderers."""
        self._cameras.close()

    def render(self, camera: str, height: int, width: int) -> np.ndarray:
        """uint8 [height, width, 3] of "base" or "wrist", at any size up to 960 x 1280."""
        return self._cameras.render(self.data, camera, height, width)
