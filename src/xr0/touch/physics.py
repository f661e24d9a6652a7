"""What a simulator of touch looks like to the closed loop, and the first of two: the elastic foundation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from xr0.touch import randomise
from xr0.touch.foundation import Foundation, Grasps
from xr0_robot.touch.sensor.shapes import Shape


@runtime_checkable  # hints are checked in tests
class Physics(Protocol):
    """A simulator that holds one physical sensor for each of its episodes."""

    def grasp(
        self, episodes: np.ndarray, shapes: Sequence[Shape], poses: np.ndarray, force_n: np.ndarray
    ) -> Grasps:
        """Close the sensors of some episodes [n] on shapes at poses [n, 4, 4], force_n [n] on each pad."""
        ...


class FoundationPhysics:
    """The elastic foundation, one skin for each seed."""

    def __init__(self, seeds: Sequence[int]) -> None:
        self._sensor = Foundation()
        self._fingers = len(self._sensor.hand)
        draws = [randomise.draw_skin(np.random.default_rng([seed, 2]), 1, self._fingers) for seed in seeds]
        names = vars(draws[0])
        self._skin = type(draws[0])(**{k: np.concatenate([getattr(d, k) for d in draws]) for k in names})
        self._rng = np.random.default_rng([*seeds[:1], 3])

    def grasp(
        self, episodes: np.ndarray, shapes: Sequence[Shape], poses: np.ndarray, force_n: np.ndarray
    ) -> Grasps:
        """Physics.grasp."""
        force = np.repeat(force_n[:, None], self._fingers, axis=1)
        return self._sensor.grasp(shapes, poses, force, self._skin.take(episodes), self._rng)
