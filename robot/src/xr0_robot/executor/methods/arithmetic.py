"""Differences between commands, and steps along them, whatever a robot writes its commands in.

An offset is laid out as the model's vector is, [..., model_dim]. Of a pose it is the difference of positions
[m] and the rotation vector [rad], in the base frame, that turns one orientation into the other; of joints,
motions and other plain numbers the difference. Of a gripper it is nothing: half of "open" and half of "close"
is neither, so a gripper is told what the newest chunk says.
"""

from __future__ import annotations

import numpy as np

from xr0_robot import rotation
from xr0_robot.canonical import to_canonical, to_native
from xr0_robot.types import Embodiment, Segment


def offset(start: np.ndarray, goal: np.ndarray, embodiment: Embodiment) -> np.ndarray:
    """What leads from commands `start` [..., native_dim] to `goal`: [..., model_dim]."""
    shape = np.broadcast_shapes(start.shape, goal.shape)[:-1]
    by = np.zeros((*shape, embodiment.model_dim))
    for segment in embodiment.segments:
        if segment.kind != "gripper":
            part = segment.native_slice
            by[..., segment.model_slice] = _difference(start[..., part], goal[..., part], segment)
    return by


def moved(start: np.ndarray, by: np.ndarray, embodiment: Embodiment) -> np.ndarray:
    """Commands `start` [..., native_dim] moved by offsets [..., model_dim]. What does not move keeps its
    bits."""
    shape = np.broadcast_shapes(start.shape[:-1], by.shape[:-1])
    out = np.broadcast_to(start, (*shape, start.shape[-1])).copy()
    for segment in embodiment.segments:
        part, step = out[..., segment.native_slice], by[..., segment.model_slice]
        stays = (step == 0).all(axis=-1, keepdims=True)
        out[..., segment.native_slice] = np.where(stays, part, _moved(part, step, segment))
    return out


def _difference(start: np.ndarray, goal: np.ndarray, segment: Segment) -> np.ndarray:
    start, goal = to_canonical(start, segment), to_canonical(goal, segment)
    if segment.kind != "pose" or segment.anchor == "previous":
        return goal - start
    turn = rotation.exp(goal[..., 3:]) @ np.swapaxes(rotation.exp(start[..., 3:]), -1, -2)
    return np.concatenate([goal[..., :3] - start[..., :3], rotation.log(turn)], axis=-1)


def _moved(start: np.ndarray, by: np.ndarray, segment: Segment) -> np.ndarray:
    start = to_canonical(start, segment)
    if segment.kind != "pose" or segment.anchor == "previous":
        return to_native(start + by, segment)
    turn = rotation.log(rotation.exp(by[..., 3:]) @ rotation.exp(start[..., 3:]))
    return to_native(np.concatenate([start[..., :3] + by[..., :3], turn], axis=-1), segment)
