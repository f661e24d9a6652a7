"""The motions of a grasp, tick by tick: close, open, move the wrist, wait.

Each is a generator that is sent a `Measurement` and yields the command [native_dim] of the next tick. It
returns when it has arrived, or raises `Aborted`.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from xr0_robot.touch.procedures.arm import Arm
from xr0_robot.touch.procedures.measurement import Measurement, Touch
from xr0_robot.touch.sensor import increment

CLOSE_TIMEOUT_S, OPEN_TIMEOUT_S = 0.7, 0.5
"""For the fingers to touch, and to let go."""

CLEARANCE_M = 0.004
"""Opened by this much more than the object is wide: 2 mm beside each pad, so that the wrist can move
freely."""

SPEED_M_S, TURN_RAD_S = 0.06, 2.0
"""Of the wrist between two grasps: a whole step of 5 mm and 12 degrees in 0.1 s."""

ARRIVE_S = 0.1
"""For the arm to catch up with its command before the fingers close."""

CRUSH_N = 15.0
"""More than this on one pad is an accident: about twice the strongest grip that the network is trained on."""

Ticks = Generator[np.ndarray, Measurement, Measurement]
"""A motion that returns its last measurement."""


class Aborted(RuntimeError):  # noqa: N818 (what has happened, not what is wrong with the code)
    """The refinement is given up; the hand keeps what it holds. One line."""


def close_fingers(command: np.ndarray) -> Ticks:
    """Hold a closed command until every finger feels something, or CLOSE_TIMEOUT_S have gone."""
    now = yield command
    end_s = now.now_s + CLOSE_TIMEOUT_S
    while not now.touch.in_contact and now.now_s < end_s:
        now = yield command
    return now


def open_fingers(arm: Arm, command: np.ndarray) -> Generator[np.ndarray, Measurement, np.ndarray]:
    """Let go by CLEARANCE_M; returns the command that keeps the fingers there."""
    now = yield command
    command = arm.gripped(command, float(now.state[arm.gripper]) + CLEARANCE_M / arm.stroke_m)
    now = yield command
    end_s = now.now_s + OPEN_TIMEOUT_S
    while (now.touch.forces > 0.0).any():
        if now.now_s > end_s:
            raise Aborted(f"the fingers do not open: {np.round(now.touch.forces, 2).tolist()} N on them")
        now = yield command
    return command


def move_wrist(
    arm: Arm, command: np.ndarray, w: np.ndarray
) -> Generator[np.ndarray, Measurement, np.ndarray]:
    """Along the increment `w` [6] (mm, rad) at the wrist's speed; returns the command that holds there."""
    length_m, angle = float(np.linalg.norm(w[:3])) * 1e-3, float(np.linalg.norm(w[3:]))
    duration_s = max(length_m / SPEED_M_S, angle / TURN_RAD_S, 1e-3)
    now = yield command
    start_s, share = now.now_s, 0.0
    while share < 1.0:
        now = yield arm.moved(command, increment.to_matrix(w * share))
        share = (now.now_s - start_s) / duration_s
    command = arm.moved(command, increment.to_matrix(w))
    yield from wait(command, ARRIVE_S)
    return command


def wait(command: np.ndarray, duration_s: float) -> Ticks:
    """Hold a command."""
    now = yield command
    end_s = now.now_s + duration_s
    while now.now_s < end_s:
        now = yield command
    return now


def require_grip(touch: Touch) -> None:
    """`Aborted` where the object is lost or crushed."""
    if not touch.in_contact:
        raise Aborted(f"grip lost: {np.round(touch.forces, 2).tolist()} N on the pads")
    if (touch.forces > CRUSH_N).any():
        raise Aborted(f"grip too hard: {np.round(touch.forces, 1).tolist()} N, at most {CRUSH_N:g} allowed")
