"""Trained networks as methods of the loop: the increment at once, or two poses and their difference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xr0.touch.closed_loop import Method, Reading
from xr0.touch.predictor import Predictor
from xr0_robot.touch.sensor.increment import increment, to_matrix, to_vector
from xr0_robot.touch.sensor.shapes import Shape


def direct(predictor: Predictor) -> Method:
    """TacRefineNet: current and goal in, W out."""

    def method(current: Reading, goal: Reading, shapes: Sequence[Shape]) -> tuple[np.ndarray, np.ndarray]:
        del shapes
        return predictor.predict_batch(*_pairs(current, goal))

    return method


def subtracted(predictor: Predictor) -> Method:
    """A network that was trained to estimate the object's pose from one grasp (given twice): W = T_cur
    T_goal^-1 of its two estimates."""

    def method(current: Reading, goal: Reading, shapes: Sequence[Shape]) -> tuple[np.ndarray, np.ndarray]:
        del shapes
        now, sigma_now = predictor.predict_batch(*_pairs(current, current))
        then, sigma_then = predictor.predict_batch(*_pairs(goal, goal))
        w = to_vector(increment(to_matrix(now), to_matrix(then)))
        return w, np.hypot(sigma_now, sigma_then)

    return method


def blind(predictor: Predictor) -> Method:
    """A network that was trained with all images black: joints only."""

    def method(current: Reading, goal: Reading, shapes: Sequence[Shape]) -> tuple[np.ndarray, np.ndarray]:
        del shapes
        images, joints = _pairs(current, goal)
        return predictor.predict_batch(np.zeros_like(images), joints)

    return method


def _pairs(first: Reading, second: Reading) -> tuple[np.ndarray, np.ndarray]:
    images = np.stack([first.images, second.images], axis=1)
    return images, np.stack([first.joints, second.joints], axis=1)
