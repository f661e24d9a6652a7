"""How the measured state follows the commands: correlations of every command with every state, at every
delay."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LONGEST_DELAY_S = 0.5
"""From a command to the motion that it causes: no servo of a robot takes longer."""

FEWEST_DELAYS, MOST_DELAYS = 3, 30
"""Ticks, whatever the rate."""

EARLIEST = -3
"""Ticks; a state that moves before its command shows that the columns are shifted."""


class Cross:
    """Correlations of two vectors at several delays, from sums: x[t] with y[t + delay]."""

    def __init__(self, delays: Sequence[int], x: int, y: int) -> None:
        self.delays = tuple(delays)
        shape = len(self.delays)
        self._n = np.zeros((shape, 1, 1))
        self._x, self._xx = np.zeros((shape, x, 1)), np.zeros((shape, x, 1))
        self._y, self._yy = np.zeros((shape, 1, y)), np.zeros((shape, 1, y))
        self._xy = np.zeros((shape, x, y))

    def add(self, x: np.ndarray, y: np.ndarray) -> None:
        """One episode's [n, x] and [n, y]."""
        for k, delay in enumerate(self.delays):
            if abs(delay) >= len(x):
                continue
            early, late = x[max(-delay, 0) : len(x) - max(delay, 0)], y[max(delay, 0) :]
            late = late[: len(early)]
            self._n[k] += len(early)
            self._x[k, :, 0] += early.sum(axis=0)
            self._xx[k, :, 0] += (early**2).sum(axis=0)
            self._y[k, 0] += late.sum(axis=0)
            self._yy[k, 0] += (late**2).sum(axis=0)
            self._xy[k] += early.T @ late

    def correlation(self) -> np.ndarray:
        """[delays, x, y]; 0 where one of the two does not vary."""
        n = np.maximum(self._n, 1.0)
        x, y = self._x / n, self._y / n
        spread_x = np.sqrt(np.maximum(self._xx / n - x**2, 0.0))
        spread_y = np.sqrt(np.maximum(self._yy / n - y**2, 0.0))
        tiny = 1e-6  # of the mean: less is the rounding of the sums
        varies = (spread_x > tiny * np.abs(x)) & (spread_y > tiny * np.abs(y))
        product = np.where(varies, spread_x * spread_y, np.inf)
        return np.clip((self._xy / n - x * y) / np.where(product > 0, product, np.inf), -1.0, 1.0)


class Following:
    """Of commands [a] and states [s]: as levels, as steps, and of commands that are themselves motions."""

    def __init__(self, actions: int, states: int, rate_hz: float) -> None:
        last = int(np.clip(round(LONGEST_DELAY_S * rate_hz), FEWEST_DELAYS, MOST_DELAYS))
        self.delays = np.arange(EARLIEST, last + 1)
        self._level, self._step, self._motion = (
            Cross(self.delays.tolist(), actions, states) for _ in range(3)
        )
        self._offset: list[np.ndarray] = []

    def add(self, action: np.ndarray, state: np.ndarray) -> None:
        """One episode's [n, a] and [n, s], float64, finite."""
        moved = np.diff(state, axis=0)
        self._level.add(action, state)
        self._step.add(np.diff(action, axis=0), moved)
        self._motion.add(action[:-1], moved)

    def level(self) -> np.ndarray:
        """[a, s]: how well a command, as a place to be, predicts the state; the largest over the delays."""
        return self._strongest(self._level)

    def motion(self) -> np.ndarray:
        """[a, s]: how well a command, as a motion, predicts the state's steps."""
        return self._strongest(self._motion)

    def steps(self) -> tuple[np.ndarray, np.ndarray]:
        """[a, s] each: the delay [ticks] at which the state's steps follow the command's best, and how
        well."""
        found = self._step.correlation()
        best = found.argmax(axis=0)
        return self.delays[best], np.take_along_axis(found, best[None], axis=0)[0]

    def _strongest(self, cross: Cross) -> np.ndarray:
        """Signed; only from delay 0 on."""
        found = cross.correlation()[self.delays >= 0]
        best = np.abs(found).argmax(axis=0)
        return np.take_along_axis(found, best[None], axis=0)[0]
