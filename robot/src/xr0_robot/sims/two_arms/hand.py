"""One of the two hands, as a scripted expert moves it: upright, smoothly, braking in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xr0_robot.sims.glide import Glide

SPEED, ACCELERATION = 0.40, 1.6
"""Of the tool [m/s, m/s^2]."""
TURN_SPEED, TURN_ACCELERATION = 2.0, 8.0
"""Of its yaw [rad/s, rad/s^2]."""
GRIPPER_SPEED = 5.0
"""Full strokes per second."""
RESTART = 0.08
"""Command and arm further apart than this [m], as after a stop: start again from the arm."""


@dataclass(frozen=True)
class Goal:
    """Where a hand shall go: place [3, m] of its tool, yaw [rad], opening 0..1; speed [m/s] at most."""

    place: np.ndarray
    yaw: float
    opening: float
    speed: float = SPEED


class Hand:
    """Tools are [7] in the world: place, a rotation that is none but about z, opening."""

    def __init__(self, tool: np.ndarray, dt: float) -> None:
        self._dt = dt
        self._place = Glide(tool[:3], SPEED, ACCELERATION)
        self._turn = Glide(tool[5:6], TURN_SPEED, TURN_ACCELERATION)
        self._opening = float(tool[6])

    def step(self, goal: Goal, tool: np.ndarray) -> np.ndarray:
        """Where to be after the next tick, [7]; `tool`: where it is measured."""
        if np.linalg.norm(self._place.position - tool[:3]) > RESTART:
            self._place = Glide(tool[:3], SPEED, ACCELERATION)
        self._place.speed = goal.speed
        stroke = GRIPPER_SPEED * self._dt
        self._opening += float(np.clip(goal.opening - self._opening, -stroke, stroke))
        place = self._place.step(goal.place, self._dt)
        turn = self._turn.step(np.array([goal.yaw]), self._dt)
        return np.concatenate([place, [0.0, 0.0], turn, [self._opening]])
