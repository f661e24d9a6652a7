"""Symmetries of the task for a parallel gripper: the world mirrored in y or in z, and the gripper turned by
half a turn about z, which exchanges the pads.

A mirror keeps the parts of an axis-angle that lie in its plane reversed, and the part across it as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from xr0_robot.touch.sensor.pads import PARALLEL, TactileReading

MIRROR_Y = np.array([1, -1, 1, -1, 1, -1])
MIRROR_Z = np.array([1, 1, -1, -1, -1, 1])
HALF_TURN = np.array([-1, -1, 1, -1, -1, 1])
"""Signs that an increment's numbers take under each."""


@dataclass(frozen=True)
class Symmetry:
    """Any of the three, or several at once; each is its own inverse."""

    y: bool = False
    z: bool = False
    turned: bool = False

    def images(self, images: np.ndarray) -> np.ndarray:
        """Images [..., 2, 11, 9] after the symmetry."""
        images = images[..., ::-1] if self.y else images
        images = images[..., ::-1, :] if self.z else images
        return images[..., ::-1, :, :] if self.turned else images

    def increment(self, w: np.ndarray) -> np.ndarray:
        """Increments [..., 6] after the symmetry."""
        for applies, signs in ((self.y, MIRROR_Y), (self.z, MIRROR_Z), (self.turned, HALF_TURN)):
            w = w * signs if applies else w
        return w

    def reading(self, reading: TactileReading) -> TactileReading:
        """A reading after the symmetry."""
        return TactileReading(
            reading.fingers, np.ascontiguousarray(self.images(reading.images)), reading.joints
        )


def of_hand(fingers: tuple[str, ...]) -> tuple[Symmetry, ...]:
    """All symmetries of a hand: eight for a parallel gripper, the identity alone for any other."""
    if fingers != tuple(finger.name for finger in PARALLEL):
        return (Symmetry(),)
    return tuple(Symmetry(*flags) for flags in product((False, True), repeat=3))
