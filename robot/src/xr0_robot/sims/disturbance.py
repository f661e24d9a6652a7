"""Smooth noise on an expert's commands: data that shows how to recover (DART, Laskey et al. 2017)."""

from __future__ import annotations

import numpy as np


class Disturbance:
    """Random motion [d] around zero (an Ornstein-Uhlenbeck process): `std` per number, remembered for
    `correlation_s`, one value each `dt` [s]."""

    def __init__(self, rng: np.random.Generator, std: np.ndarray, correlation_s: float, dt: float) -> None:
        self._rng, self._std = rng, std
        self._keep = float(np.exp(-dt / correlation_s))
        self._value = np.zeros_like(std)

    def step(self) -> np.ndarray:
        """The next tick's value; it starts at zero."""
        fresh = self._rng.normal(size=self._std.shape) * self._std
        value, keep = self._value, self._keep
        self._value = keep * value + np.sqrt(1.0 - keep**2) * fresh
        return value
