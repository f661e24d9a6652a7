"""Native commands to the model's vector and back, by the embodiment's segments. numpy only.

A pose anchored at the chunk's start is seen from the end effector there: R_t^T (p - p_t) and
log(R_t^T R) (facts/model.md 5.4). Decoded actions are absolute, so a prefix given as absolute commands is
re-anchored simply by encoding it with the new state.
"""

from __future__ import annotations

import numpy as np

from xr0_robot import rotation
from xr0_robot.types import Embodiment, Segment


def encode_state(state: np.ndarray, embodiment: Embodiment) -> np.ndarray:
    """Native state [..., native_dim] to the model's [..., model_dim]; unused slots are zero."""
    out = np.zeros((*state.shape[:-1], embodiment.model_dim))
    for segment in embodiment.segments:
        out[..., segment.model_slice] = state[..., segment.native_slice]
    return out


def encode_actions(actions: np.ndarray, state: np.ndarray, embodiment: Embodiment) -> np.ndarray:
    """Absolute commands [..., t, native_dim] and the state [..., native_dim] at the chunk's start to
    [..., t, model_dim]."""
    out = np.zeros((*actions.shape[:-1], embodiment.model_dim))
    for segment in embodiment.segments:
        value, anchor = actions[..., segment.native_slice], state[..., None, segment.native_slice]
        out[..., segment.model_slice] = _to_anchor(value, anchor, segment)
    return out


def decode_actions(encoded: np.ndarray, state: np.ndarray, embodiment: Embodiment) -> np.ndarray:
    """Inverse of `encode_actions`: [..., t, model_dim] to absolute commands [..., t, native_dim]."""
    out = np.zeros((*encoded.shape[:-1], embodiment.native_dim))
    for segment in embodiment.segments:
        value, anchor = encoded[..., segment.model_slice], state[..., None, segment.native_slice]
        out[..., segment.native_slice] = _from_anchor(value, anchor, segment)
    return out


def _to_anchor(value: np.ndarray, anchor: np.ndarray, segment: Segment) -> np.ndarray:
    if segment.anchor == "absolute":
        return value
    if segment.kind == "plain":
        return value - anchor
    turn = np.swapaxes(rotation.exp(anchor[..., 3:]), -1, -2)
    position = (turn @ (value[..., :3] - anchor[..., :3])[..., None])[..., 0]
    return np.concatenate([position, rotation.log(turn @ rotation.exp(value[..., 3:]))], axis=-1)


def _from_anchor(value: np.ndarray, anchor: np.ndarray, segment: Segment) -> np.ndarray:
    if segment.anchor == "absolute":
        return value
    if segment.kind == "plain":
        return value + anchor
    turn = rotation.exp(anchor[..., 3:])
    position = (turn @ value[..., :3, None])[..., 0] + anchor[..., :3]
    return np.concatenate([position, rotation.log(turn @ rotation.exp(value[..., 3:]))], axis=-1)
