"""A table with arms and cameras, compiled once: what all environments on it share."""

# MuJoCo is compiled and brings no type stubs.
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

import mujoco
import numpy as np

from xr0_robot.sims import cameras, scene, servo
from xr0_robot.sims.kinematics import ArmKinematics
from xr0_robot.types import Embodiment, Observation, finite_vector

HOME = np.array([0.0, -0.2, 0.35, -0.15, 0.0, 0.0])
"""Joint angles [rad] from which a start pose is solved."""


class Table:
    """Half of an Env: it looks and moves. Native vectors [7 n] of its n arms, one after the other in the
    scene's order: x, y, z [m] and axis-angle [rad] of the tool in the arm's base frame, gripper 0..1.

    substeps: physics steps per control tick. The scene's cameras have the keys of the embodiment's.
    """

    def __init__(self, world: scene.Scene, embodiment: Embodiment, substeps: int) -> None:
        numbers = servo.ARM_NUMBERS * len(world.arms)
        if (embodiment.native_dim, embodiment.state_dim) != (numbers, numbers):
            raise ValueError(
                f"table: got embodiment {embodiment.name!r} of {embodiment.native_dim} commands and "
                f"{embodiment.state_dim} states, expected {numbers} of each for {len(world.arms)} arms"
            )
        self.embodiment = embodiment
        self.model = mujoco.MjModel.from_xml_string(scene.mjcf(world))
        self.data = mujoco.MjData(self.model)
        self.arms = tuple(ArmKinematics(self.model, arm.name) for arm in world.arms)
        self._cameras = cameras.Cameras(self.model)
        self._substeps = substeps

    def observe(self, instruction: str, time_s: float) -> Observation:
        """All cameras and the state. Call it always from the same thread (OpenGL)."""
        images = {view.key: self.render(view.key, *view.size) for view in self.embodiment.cameras}
        return Observation(images, self.state(), instruction, time_s)

    def state(self) -> np.ndarray:
        """float64 [7 n], measured."""
        measured = [[*arm.pose(self.data), arm.gripper(self.data)] for arm in self.arms]
        return np.concatenate(measured)

    def apply(self, action: np.ndarray) -> None:
        """One tick towards `action` [7 n]; the servos' targets are interpolated within the tick."""
        action = finite_vector("action", action, self.embodiment.native_dim)
        servo.follow(self.model, self.data, self.arms, action, self.embodiment.dt, self._substeps)

    def stop(self) -> None:
        """Between ticks nothing moves."""

    def close(self) -> None:
        """Free the renderers."""
        self._cameras.close()

    def render(self, camera: str, height: int, width: int) -> np.ndarray:
        """uint8 [height, width, 3] of one of the scene's views, at any size up to 960 x 1280."""
        return self._cameras.render(self.data, camera, height, width)
