"""A hand that a scripted expert moves: upright, smoothly, braking in time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from xr0_robot.sims.glide import Glide

GRIPPER_SPEED = 5.0
"""Full strokes per second."""

RESTART = 0.08
"""Command and arm further apart than this [m], as after a stop: start again from the arm."""


@dataclass(frozen=True)
class Pace:
    """How fast a hand moves [m/s, m/s^2] and turns [rad/s, rad/s^2]."""

    speed: float
    acceleration: float
    turn_speed: float
    turn_acceleration: float


@dataclass(frozen=True)
class Goal:
    """Where a hand shall go: place [3, m] of its tool, yaw [rad], opening 0..1; speed [m/s]: no faster."""

    place: np.ndarray
    yaw: float
    opening: float
    speed: float = math.inf


class Hand:
    """Tools are [7]: place, a rotation that is none but about z, opening."""

    def __init__(self, tool: np.ndarray, pace: Pace, dt: float) -> None:
        self._pace, self._dt = pace, dt
        self._glide = Glide(tool[:3], pace.speed, pace.acceleration)
        self._turn = Glide(tool[5:6], pace.turn_speed, pace.turn_acceleration)
        self._opening = float(tool[6])

    @property
    def place(self) -> np.ndarray:
        """Where it was told to be last [3]."""
        return self._glide.position

    def step(self, goal: Goal, tool: np.ndarray) -> np.ndarray:
        """Where to be after the next tick, [7]; `tool`: where it is measured."""
        pace = self._pace
        if np.linalg.norm(self._glide.position - tool[:3]) > RESTART:
            self._glide = Glide(tool[:3], pace.speed, pace.acceleration)
        self._glide.speed = min(pace.speed, goal.speed)
        stroke = GRIPPER_SPEED * self._dt
        self._opening += float(np.clip(goal.opening - self._opening, -stroke, stroke))
        place = self._glide.step(goal.place, self._dt)
        turn = self._turn.step(np.array([goal.yaw]), self._dt)
        return np.concatenate([place, [0.0, 0.0], turn, [self._opening]])
