"""How often the brick table's frames are drawn: by what the hand does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xr0.data.source import Windows
from xr0_robot.types import Embodiment

GRIPPER = "arm.gripper"
"""The segment that opens and closes the hand, stroke 0 (closed) to 1."""

IDLE_MOTION = 0.01
"""A chunk whose commands all lie this close [m, rad, stroke] to the state hardly moves."""

GRIPPER_PRESSES = 0.3
"""A command this far below the measured opening (stroke 0..1) holds what keeps the fingers apart."""

GRIPPER_CLOSES = 0.5
"""Fall of the command (stroke 0..1) within a chunk."""


@dataclass(frozen=True)
class PhaseWeights:
    """How often a frame is drawn, relative to reaching: when its chunk hardly moves, when the hand holds
    something already, when it is about to close, and when it is about to make good a mistake. Reaching is the
    shortest part of an episode."""

    idle: float
    holding: float
    closing: float
    recovering: float

    def __call__(self, windows: Windows, embodiment: Embodiment) -> np.ndarray:
        """float [n]: the weight of each window. ValueError for a robot that is not laid out as this one."""
        gripper = _gripper(embodiment)
        actions, state = windows.actions, windows.state[:, None]
        told, measured = actions[..., gripper], state[..., gripper]
        idle = np.abs(actions - state).max(axis=(1, 2)) < IDLE_MOTION
        holds = (measured[:, 0] - told[:, 0]).max(axis=1) > GRIPPER_PRESSES
        closes = (told[:, :1] - told).max(axis=(1, 2)) > GRIPPER_CLOSES
        return np.select(
            [idle, closes, holds], [self.idle, self.closing, self.holding], default=1.0
        ) * np.where(windows.committed > 0, self.recovering, 1.0)


def _gripper(embodiment: Embodiment) -> slice:
    """Where the gripper sits in state and command, which must be the same numbers."""
    found = [segment.native_slice for segment in embodiment.segments if segment.name == GRIPPER]
    same = embodiment.state_segments == embodiment.segments
    if not found or not same or any(segment.anchor == "previous" for segment in embodiment.segments):
        raise ValueError(
            f"bricks: got data of the robot {embodiment.name}, expected absolute commands laid out as its "
            f"state is, with a segment {GRIPPER}"
        )
    return found[0]
