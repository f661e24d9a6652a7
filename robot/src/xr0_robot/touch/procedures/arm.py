"""How fingertips sit on one arm: from their increments to its commands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xr0_robot import rotation
from xr0_robot.types import Embodiment

MM = 1e-3
"""Touch speaks mm, the robot m."""


@dataclass(frozen=True)
class Arm:
    """One arm with fingertips, in the native vector of a robot.

    pose: place of its pose segment's six numbers; gripper: of its opening, 0 closed to 1, `stroke_m` between
    the fingers; pads: the fingertips' frame (x the closing axis, the first pad at negative x) seen from the
    tool's, axes [3, 3] as columns; both have their origin midway between the pads.
    """

    pose: slice
    gripper: int
    stroke_m: float
    pads: np.ndarray

    def moved(self, command: np.ndarray, w: np.ndarray) -> np.ndarray:
        """`command` [native_dim] with the wrist moved by the increment `w` [4, 4] (mm, fingertips' frame)."""
        out = command.copy()
        place, turn = command[self.pose][:3], rotation.exp(command[self.pose][3:])
        out[self.pose] = np.concatenate(
            [
                place + turn @ self.pads @ w[:3, 3] * MM,
                rotation.log(turn @ self.pads @ w[:3, :3] @ self.pads.T),
            ]
        )
        return out

    def gripped(self, command: np.ndarray, opening: float) -> np.ndarray:
        """`command` [native_dim] with another opening of the gripper, 0 to 1."""
        out = command.copy()
        out[self.gripper] = opening
        return out


def arm_of(embodiment: Embodiment, name: str, stroke_m: float, pads: np.ndarray) -> Arm:
    """The arm whose segments are `name`.pose and `name`.gripper.

    ValueError if the robot has none, or measures them elsewhere than it is told them: procedures read both
    vectors at one place.
    """
    segments = {segment.name: segment for segment in embodiment.segments}
    wanted = [f"{name}.pose", f"{name}.gripper"]
    if not set(wanted) <= set(segments):
        raise ValueError(f"arm {name!r}: got segments {sorted(segments)}, expected {wanted} among them")
    pose, gripper = (segments[each] for each in wanted)
    for segment in (pose, gripper):
        if not segment.canonical:
            raise ValueError(
                f"arm {name!r}: {embodiment.name} writes {segment.name} in other numbers than m, rad "
                "(axis-angle) and an opening from 0, closed, to 1"
            )
        twin = embodiment.twin(segment)
        alike = twin is not None and (twin.native, twin.form) == (segment.native, segment.form)
        if not alike or segment.anchor == "previous":
            raise ValueError(
                f"arm {name!r}: {embodiment.name} is told {segment.name} otherwise than it measures it, "
                "expected one layout for state and command"
            )
    return Arm(pose.native_slice, gripper.native, stroke_m, pads)
