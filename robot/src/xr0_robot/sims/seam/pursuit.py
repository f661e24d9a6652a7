"""How the experts move: towards a goal that may itself move, smoothly, within a speed and an acceleration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

GAIN = 6.0
"""Approach speed over distance near the goal [1/s]: it is reached within half a second, without overshoot."""


LEAD_S = 0.02
"""Commands are ahead of a moving goal by this, as the servos trail behind them."""


@dataclass(frozen=True)
class Told:
    """What was commanded last, and how fast that moved: [n], [n] per second."""

    place: np.ndarray
    speed: np.ndarray


@dataclass(frozen=True)
class Agility:
    """The largest speed and acceleration of a command, as Euclidean lengths."""

    speed: float
    acceleration: float


def pursue(
    told: Told, goal: np.ndarray, goal_speed: np.ndarray, agility: Agility, dt: float, gain: float = GAIN
) -> np.ndarray:
    """The next command [n]: speed goal_speed + gain (goal - place), both limited, from the speed so far."""
    approach = _shorten(gain * (goal + goal_speed * LEAD_S - told.place), agility.speed)
    change = _shorten(goal_speed + approach - told.speed, agility.acceleration * dt)
    return told.place + (told.speed + change) * dt


def _shorten(vector: np.ndarray, longest: float) -> np.ndarray:
    length = float(np.linalg.norm(vector))
    return vector if length <= longest else vector * (longest / length)
