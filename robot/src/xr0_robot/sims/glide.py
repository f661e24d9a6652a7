"""How scripted experts move: smoothly, braking in time."""

from __future__ import annotations

import numpy as np


class Glide:
    """A point [n] that follows a moving goal with limited speed and acceleration, braking in time."""

    def __init__(self, start: np.ndarray, speed: float, acceleration: float) -> None:
        self.position, self._velocity = start.copy(), np.zeros_like(start)
        self.speed, self._acceleration = speed, acceleration

    def step(self, goal: np.ndarray, dt: float) -> np.ndarray:
        """The position after `dt` seconds."""
        way = goal - self.position
        distance = float(np.linalg.norm(way))
        # Braking distance in discrete time: v^2 / 2a + v dt / 2 = distance.
        brake = self._acceleration * (np.sqrt(0.25 * dt**2 + 2.0 * distance / self._acceleration) - 0.5 * dt)
        wanted = way / max(distance, 1e-9) * min(self.speed, brake, distance / dt)
        change = wanted - self._velocity
        limit = self._acceleration * dt
        self._velocity = self._velocity + change * min(1.0, limit / max(float(np.linalg.norm(change)), 1e-9))
        self.position = self.position + self._velocity * dt
        return self.position


def blend(value: float, low: float, high: float, at_low: float, at_high: float) -> float:
    """Smoothly from `at_low` (value <= low) to `at_high` (value >= high)."""
    s = float(np.clip((value - low) / (high - low), 0.0, 1.0))
    return at_low + (at_high - at_low) * s * s * (3.0 - 2.0 * s)
