"""A hand of two sprung pads about an object that stays where it is: commands in, a tick of physics out."""

# MuJoCo is compiled and brings no type stubs.
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

import mujoco
import numpy as np

from xr0_robot import rotation
from xr0_robot.sims import cameras
from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.touch.procedures.measurement import Touch
from xr0_robot.touch.sensor import increment, pads
from xr0_robot.touch.sensor.electronics import FRAMES
from xr0_robot.touch.sensor.pads import TactileReading
from xr0_robot.touch.sensor.shapes import Shape
from xr0_robot.touch.sims import pads_scene
from xr0_robot.touch.sims.insertion.arm import BRICKS_ARM
from xr0_robot.touch.sims.readout import Readout
from xr0_robot.touch.sims.sprung_pads import SprungPads

GRIP_N = 5.0
"""The most with which each finger presses."""

SERVO_N_M = 20_000.0
"""Stiffness of the fingers' position servo: it presses with all it has 0.25 mm before its goal."""

STEPS = round(BRICKS.dt / pads_scene.TIMESTEP)
"""Physics steps per control tick."""

COLD, HOT = np.array([0.16, 0.18, 0.22]), np.array([1.0, 0.55, 0.10])
"""Colours of a taxel that carries nothing, and of one at full scale."""


class SprungHand:
    """Native vectors as the brick table's [7]: pose of the tool [m, axis-angle], opening 0 to 1."""

    def __init__(self, sensor: np.random.Generator, shape: Shape, grasp: np.ndarray) -> None:
        """`sensor` draws skin and read-out; the object is at `grasp` [4, 4] (mm) in the hand, which
        closes."""
        self._pads = SprungPads(sensor)
        self._readout = Readout(sensor)
        self._holding = False
        self._shape = shape
        self._model = self._pads.model(shape)
        self._cameras = cameras.Cameras(self._model.model)
        self._skin = [
            np.flatnonzero(self._model.model.geom_bodyid == taxel)[0]
            for name in pads_scene.PADS
            for taxel in self._taxels(name)
        ]
        self._pose = np.zeros(6)
        self.object = self._hand() @ grasp
        """Where the object is, [4, 4] in mm; it never moves."""
        x = self._model.corners @ grasp[0, :3] + grasp[0, 3]
        self._model.hold(grasp)
        self._model.open_to(float(x.min()) - 1.0, float(x.max()) + 1.0)
        self.apply(np.zeros(BRICKS.native_dim))

    def state(self) -> np.ndarray:
        """float64 [7]."""
        opening = self._model.width_mm() * 1e-3 / BRICKS_ARM.stroke_m
        return np.concatenate([self._pose, [np.clip(opening, 0.0, 1.0)]])

    def grasp(self) -> np.ndarray:
        """Where the object is in the hand: [4, 4], mm."""
        return increment.inverse(self._hand()) @ self.object

    def apply(self, action: np.ndarray) -> None:
        """One tick of 1/30 s: the wrist is where the command says, the fingers press or open."""
        model, data = self._model.model, self._model.data
        self._pose = np.array(action[:6])
        self._model.hold(self.grasp())
        goal = pads_scene.REST - float(action[6]) * BRICKS_ARM.stroke_m / 2
        for _ in range(STEPS):
            push = SERVO_N_M * (goal - data.qpos[self._model.slides])
            data.ctrl[:] = np.clip(push, -GRIP_N, GRIP_N)
            mujoco.mj_step(model, data)
        mujoco.mj_forward(model, data)
        holding = bool(self._model.forces().any())
        if holding and not self._holding:
            self._readout.new_grasp()
        self._holding = holding

    def touch(self) -> Touch:
        """What the fingers feel now. The object is held by something else: it stays where it is."""
        return Touch(self._model.forces().sum(axis=(1, 2)), True, self._read)

    def would_feel(self, grasp: np.ndarray) -> TactileReading:
        """The same sensor with the object at `grasp` [4, 4]: a goal, or a picture of a prediction."""
        felt = self._pads.grasp(self._shape, grasp, GRIP_N)
        return pads.average([self._readout.frame(*felt) for _ in range(FRAMES)])

    def render(self, height: int, width: int) -> np.ndarray:
        """uint8 [height, width, 3]: the hand from beside the object, taxels coloured by what they carry."""
        share = np.clip(self._model.forces().ravel() / pads.FULL_SCALE_N * 2.0, 0.0, 1.0)[:, None]
        self._model.model.geom_rgba[self._skin, :3] = COLD + share * (HOT - COLD)
        return self._cameras.render(self._model.data, pads_scene.CAMERA, height, width)

    def close(self) -> None:
        """Free the renderer."""
        self._cameras.close()

    def _read(self) -> TactileReading:
        return self._readout.frame(self._model.forces(), np.array([max(0.0, self._model.width_mm())]))

    def _hand(self) -> np.ndarray:
        out = np.eye(4)
        out[:3, :3] = rotation.exp(self._pose[3:]) @ BRICKS_ARM.pads
        out[:3, 3] = self._pose[:3] * 1e3
        return out

    def _taxels(self, pad: str) -> np.ndarray:
        """Bodies of a pad's springs, row by row."""
        return np.flatnonzero(self._model.model.body_parentid == self._model.model.body(f"{pad}/skin").id)
