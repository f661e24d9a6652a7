"""Fingertip arrays: their geometry, and one reading of them, refused where it is invalid.

A pad's frame has its origin in the middle of the face, x out of the face towards the object, y along the
columns, z along the rows. Taxel [i, j] of an image lies at y = (j - 4) * 1.1, z = (i - 5) * 1.1 of its own
pad.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xr0_robot import rotation

ROWS, COLUMNS = 11, 9
"""Taxels of one fingertip (TacRefineNet, arXiv 2509.25746)."""

PITCH_MM = 1.1
"""From taxel to taxel (same paper)."""

LEVELS = 255
"""Full scale of the 8 bit read-out (same paper)."""

FULL_SCALE_N = 0.8
"""Force on one taxel at full scale: our choice, the paper gives none."""

CONTACT_N = 0.5
"""Below this sum a pad is not in contact."""


@dataclass(frozen=True)
class Finger:
    """One fingertip. turn_deg: its pad's frame is the gripper's, turned by so much about z, and moved back
    along its own x; joint: which joint closes it. A joint's reading is the sum of its fingers' distances from
    the axis [mm]: for a parallel gripper its width."""

    name: str
    turn_deg: float
    joint: int

    def frame(self) -> np.ndarray:
        """The pad's axes in the gripper's frame: [3, 3]."""
        return rotation.exp(np.array([0.0, 0.0, np.deg2rad(self.turn_deg)]))


Hand = tuple[Finger, ...]

PARALLEL: Hand = (Finger("left", 0.0, 0), Finger("right", 180.0, 0))
"""Two pads that face one another, one joint."""


def joint_count(hand: Hand) -> int:
    """How many joints close the hand."""
    return max(finger.joint for finger in hand) + 1


def taxel_centres() -> tuple[np.ndarray, np.ndarray]:
    """y and z [mm] of every taxel in its pad's frame: two of [11, 9]."""
    y = (np.arange(COLUMNS) - (COLUMNS - 1) / 2) * PITCH_MM
    z = (np.arange(ROWS) - (ROWS - 1) / 2) * PITCH_MM
    zz, yy = np.meshgrid(z, y, indexing="ij")
    return yy, zz


@dataclass(frozen=True)
class TactileReading:
    """What the fingertips felt in one grasp.

    fingers: names, in the order of the images; images: uint8 [fingers, 11, 9]; joints: float [joints], mm.
    ValueError, one line, for an image of another size or type, and for joints that are not finite.
    """

    fingers: tuple[str, ...]
    images: np.ndarray
    joints: np.ndarray

    def __post_init__(self) -> None:
        expected = (len(self.fingers), ROWS, COLUMNS)
        if self.images.shape != expected or self.images.dtype != np.uint8:
            raise ValueError(
                f"tactile images: got {self.images.dtype} of shape {self.images.shape}, "
                f"expected uint8 of shape {expected}"
            )
        if self.joints.ndim != 1 or self.joints.dtype.kind != "f":
            raise ValueError(
                f"tactile joints: got {self.joints.dtype} of shape {self.joints.shape}, "
                "expected floats [joints]"
            )
        if not np.isfinite(self.joints).all():
            raise ValueError(f"tactile joints: got {self.joints.tolist()}, expected finite numbers")

    @property
    def forces(self) -> np.ndarray:
        """Sum over each pad [N], as far as an 8 bit image tells: float [fingers]."""
        return self.images.sum(axis=(1, 2)) * (FULL_SCALE_N / LEVELS)


def average(frames: Sequence[TactileReading]) -> TactileReading:
    """One reading of the frames of a grasp."""
    images = np.mean([frame.images for frame in frames], axis=0)
    joints = np.mean([frame.joints for frame in frames], axis=0)
    return TactileReading(frames[0].fingers, np.rint(images).astype(np.uint8), joints)


def require_contact(reading: TactileReading) -> None:
    """ValueError where a pad is silent: a broken cable reads zero everywhere, and so does a pad in the
    air."""
    for name, image in zip(reading.fingers, reading.images, strict=True):
        if not image.any():
            raise ValueError(f"pad {name}: all taxels read 0: disconnected, or nothing is held")


def require_fresh(before: TactileReading, after: TactileReading) -> None:
    """ValueError where a pad repeats itself: two grasps never give the same 99 numbers, a stuck bus does."""
    for name, first, second in zip(before.fingers, before.images, after.images, strict=True):
        if first.any() and np.array_equal(first, second):
            raise ValueError(f"pad {name}: the same image in two different grasps: stuck")


def require_same_hand(current: TactileReading, goal: TactileReading) -> None:
    """ValueError where the goal was recorded with other fingers than feel now."""
    if current.fingers != goal.fingers or current.joints.shape != goal.joints.shape:
        raise ValueError(
            f"goal: recorded with fingers {list(goal.fingers)} and {goal.joints.size} joints, "
            f"expected {list(current.fingers)} and {current.joints.size}"
        )
