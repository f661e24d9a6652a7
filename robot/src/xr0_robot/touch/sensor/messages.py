"""Requests to a served tactile predictor and its answers: keys of the wire's flat maps, encoding,
decoding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from xr0_robot.touch.sensor.increment import VECTOR
from xr0_robot.touch.sensor.pads import TactileReading
from xr0_robot.types import finite_vector

FINGERS = "tactile/fingers"
"""In a request and in the metadata: list of str, whose images these are, in order."""

IMAGES = {"current": "tactile/current/images", "goal": "tactile/goal/images"}
"""uint8 [fingers, 11, 9]."""

JOINTS = {"current": "tactile/current/joints", "goal": "tactile/goal/joints"}
"""float [joints], mm."""

INCREMENT = "tactile/increment"
"""In an answer: float [6], W in the gripper's frame (mm, rad)."""

SIGMA = "tactile/sigma"
"""In an answer: float [6], the standard deviations of its numbers."""


def request(current: TactileReading, goal: TactileReading) -> dict[str, Any]:
    """A request for the increment from one grasp to another."""
    return {
        FINGERS: list(current.fingers),
        **{IMAGES[which]: reading.images for which, reading in (("current", current), ("goal", goal))},
        **{JOINTS[which]: reading.joints for which, reading in (("current", current), ("goal", goal))},
    }


def readings(message: Mapping[str, Any]) -> tuple[TactileReading, TactileReading]:
    """Current and goal of a request; ValueError, one line, for an invalid one."""
    wanted = [FINGERS, *IMAGES.values(), *JOINTS.values()]
    missing = [key for key in wanted if key not in message]
    if missing:
        raise ValueError(f"tactile request: got {sorted(message)}, {missing} missing")
    fingers = message[FINGERS]
    if not isinstance(fingers, list) or not all(isinstance(name, str) for name in fingers):
        raise ValueError(f"tactile request: {FINGERS!r} is {fingers!r}, expected a list of names")
    arrays = {key: message[key] for key in wanted[1:]}
    wrong = [key for key, value in arrays.items() if not isinstance(value, np.ndarray)]
    if wrong:
        raise ValueError(f"tactile request: {wrong} are no arrays")
    current, goal = (
        TactileReading(tuple(fingers), arrays[IMAGES[which]], arrays[JOINTS[which]]) for which in IMAGES
    )
    return current, goal


def answer(w: np.ndarray, sigma: np.ndarray) -> dict[str, Any]:
    """An increment and its standard deviations, both [6]."""
    return {INCREMENT: w.astype(np.float64), SIGMA: sigma.astype(np.float64)}


def prediction(message: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """The increment and its standard deviations of an answer; ValueError for one without."""
    return (
        finite_vector(INCREMENT, message.get(INCREMENT), VECTOR),
        finite_vector(SIGMA, message.get(SIGMA), VECTOR),
    )
