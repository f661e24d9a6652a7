"""What a hand measures in one control tick."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from xr0_robot.touch.sensor.pads import CONTACT_N, TactileReading


@dataclass(frozen=True)
class Touch:
    """The fingertips in one tick.

    forces: float [fingers], N on each pad; supported: whether something else carries what is held, so that it
    stays where it is when the fingers open; read: the images of now (called only when needed), ValueError for
    an invalid reading.
    """

    forces: np.ndarray
    supported: bool
    read: Callable[[], TactileReading]

    @property
    def in_contact(self) -> bool:
        """Whether every finger feels something."""
        return bool((self.forces > CONTACT_N).all())


@dataclass(frozen=True)
class Measurement:
    """One tick: the clock [s], the measured state [native_dim], the fingertips."""

    now_s: float
    state: np.ndarray
    touch: Touch
