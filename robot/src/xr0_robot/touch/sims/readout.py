"""A simulated sensor that is read frame by frame, as a robot reads it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from xr0_robot.touch.sensor import electronics, pads
from xr0_robot.touch.sensor.pads import TactileReading

NAMES = tuple(finger.name for finger in pads.PARALLEL)
"""Of the two fingers."""


class Readout:
    """One physical sensor, drawn by `rng`. What changes from grasp to grasp changes at `new_grasp` only."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._sensor = electronics.draw(rng, 1, len(NAMES))
        self._last = self._before = np.zeros((1, len(NAMES), pads.ROWS, pads.COLUMNS))
        self.new_grasp()

    def new_grasp(self) -> None:
        """The skin has let go of what it felt last, but not forgotten it; its gain has crept."""
        creep = self._sensor.creep * self._rng.standard_normal(self._sensor.creep.shape)
        self._grasp = replace(
            self._sensor,
            gain=self._sensor.gain * np.exp(creep)[..., None, None],
            creep=np.zeros_like(creep),
            # `electronics.read` tells the mean of so many frames; here is one of them.
            noise=self._sensor.noise * np.sqrt(electronics.FRAMES),
        )
        self._before = self._last

    def frame(self, forces: np.ndarray, joints: np.ndarray) -> TactileReading:
        """Forces [2, 11, 9] in N and joints [1] in mm, as they are read at one instant."""
        self._last = forces[None]
        images = electronics.read(self._last, self._before, self._grasp, self._rng)
        return TactileReading(NAMES, images[0], joints)
