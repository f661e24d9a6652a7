"""Where a demonstrator takes the target to be: where it is, or for a while elsewhere.

A robot that thinks while it moves goes on with what it planned before it saw that something has changed. So
does this demonstrator, and then makes good what it did. What it does by mistake is not to be learnt; what it
does about it is.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from xr0_robot.sims.brick_table.expert import Truth

UNAWARE_S = 2.0
"""For at most so long a target that was moved is taken to be where it was; shorter times are likelier."""

EVERY_S = 1.0
"""Mean time between lapses, while the hand goes for the target."""

LAPSE_S = (2 / 30, 18 / 30)
"""How long they last."""

LAPSE_M = (0.02, 0.10)
"""By how much the target is misplaced then."""

MOVED = 0.03
"""A target that is this far from where it was a tick ago [m] has been moved: no hand carries it so fast."""

GOING_FOR_IT = ("reach", "grasp")
"""Phases of the expert in which the target's place matters."""


class Mistakes:
    """Of one episode. lapses: whether there are any beside being unaware that the target was moved."""

    def __init__(self, rng: np.random.Generator, dt: float, lapses: bool) -> None:
        self._rng, self._dt, self._lapses = rng, dt, lapses
        self._left, self._offset = 0, np.zeros(3)
        self._brick: np.ndarray | None = None

    def believed(self, now: Truth, phase: str) -> Truth:
        """What the expert, in its `phase`, acts on in this tick."""
        before, self._brick = self._brick, now.brick
        if before is not None and np.linalg.norm(now.brick - before) > MOVED:
            self._begin(UNAWARE_S * self._rng.random() ** 2, before - now.brick)
        elif self._lapses and self._left == 0 and phase in GOING_FOR_IT and self._strikes():
            self._begin(self._rng.uniform(*LAPSE_S), self._somewhere())
        if self._left == 0:
            return now
        self._left -= 1
        # A hand that has closed carries what it believes to hold.
        return replace(now, brick=now.brick + self._offset if phase in GOING_FOR_IT else now.tool[:3])

    def _begin(self, seconds: float, offset: np.ndarray) -> None:
        self._left, self._offset = round(seconds / self._dt), offset

    def _strikes(self) -> bool:
        return self._rng.random() < self._dt / EVERY_S

    def _somewhere(self) -> np.ndarray:
        angle, far = self._rng.uniform(0, 2 * np.pi), self._rng.uniform(*LAPSE_M)
        return far * np.array([np.cos(angle), np.sin(angle), 0.0])
