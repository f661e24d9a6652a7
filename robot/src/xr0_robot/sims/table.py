"""A table with arms and cameras, compiled once: what all environments on it share."""

# MuJoCo is compiled and brings no type stubs.
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

import mujoco
import numpy as np

from xr0_robot.sims import cameras, scene, servo
from xr0_robot.sims.servo import JointArm, PoseArm
from xr0_robot.types import Embodiment, Observation, finite_vector


class Table:
    """Half of an Env: it looks and moves. Native vectors are those of its arms, one after the other in the
    scene's order.

    control: how its arms are told what to do; substeps: physics steps per control tick. The scene's cameras
    have the keys of the embodiment's.
    """

    def __init__(
        self,
        world: scene.Scene,
        embodiment: Embodiment,
        substeps: int,
        control: type[PoseArm] | type[JointArm] = PoseArm,
    ) -> None:
        self.embodiment = embodiment
        self.model = mujoco.MjModel.from_xml_string(scene.mjcf(world))
        self.data = mujoco.MjData(self.model)
        self.arms = tuple(control(self.model, arm) for arm in world.arms)
        numbers = sum(arm.numbers for arm in self.arms)
        if (embodiment.native_dim, embodiment.state_dim) != (numbers, numbers):
            raise ValueError(
                f"table: got embodiment {embodiment.name!r} of {embodiment.native_dim} commands and "
                f"{embodiment.state_dim} states, expected {numbers} of each for {len(world.arms)} arms"
            )
        self._cameras = cameras.Cameras(self.model)
        self._substeps = substeps

    def observe(self, instruction: str, time_s: float) -> Observation:
        """All cameras and the state. Call it always from the same thread (OpenGL)."""
        images = {view.key: self.render(view.key, *view.size) for view in self.embodiment.cameras}
        return Observation(images, self.state(), instruction, time_s)

    def state(self) -> np.ndarray:
        """float64 [state_dim], measured."""
        return np.concatenate([arm.state(self.data) for arm in self.arms])

    def apply(self, action: np.ndarray) -> None:
        """One tick towards `action` [native_dim]; the servos' targets are interpolated within the tick."""
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
