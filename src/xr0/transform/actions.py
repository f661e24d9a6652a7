"""Native commands to the model's vector and back, by the embodiment's segments. numpy only.

A pose anchored at the chunk's start is seen from the end effector there: R_t^T (p - p_t) and
log(R_t^T R), as in the released post-training code (mibot/utils/io.py). Decoded actions are absolute, so a
prefix given as absolute commands is re-anchored simply by encoding it with the new state.
"""

from __future__ import annotations

import numpy as np

from xr0_robot import rotation
from xr0_robot.types import Embodiment


def encode_state(state: np.ndarray, embodiment: Embodiment) -> np.ndarray:
    """Native state [..., state_dim] to the model's [..., model_dim]; unused slots are zero."""
    out = np.zeros((*state.shape[:-1], embodiment.model_dim))
    for segment in embodiment.state_segments:
        if segment.model is not None:
            out[..., segment.model_slice] = state[..., segment.native_slice]
    return out


def encode_actions(actions: np.ndarray, state: np.ndarray, embodiment: Embodiment) -> np.ndarray:
    """Commands [..., t, native_dim] and the state [..., state_dim] at the chunk's start to
    [..., t, model_dim]."""
    out = np.zeros((*actions.shape[:-1], embodiment.model_dim))
    for segment in embodiment.segments:
        value = actions[..., segment.native_slice]
        if segment.anchor == "chunk_start":
            value = _to_anchor(value, state[..., None, embodiment.anchor_slice(segment)], segment.kind)
        out[..., segment.model_slice] = value
    return out


def decode_actions(encoded: np.ndarray, state: np.ndarray, embodiment: Embodiment) -> np.ndarray:
    """Inverse of `encode_actions`: [..., t, model_dim] to commands [..., t, native_dim]."""
    out = np.zeros((*encoded.shape[:-1], embodiment.native_dim))
    for segment in embodiment.segments:
        value = encoded[..., segment.model_slice]
        if segment.anchor == "chunk_start":
            value = _from_anchor(value, state[..., None, embodiment.anchor_slice(segment)], segment.kind)
        out[..., segment.native_slice] = value
    return out


def _to_anchor(value: np.ndarray, anchor: np.ndarray, kind: str) -> np.ndarray:
    if kind == "plain":
        return value - anchor
    turn = np.swapaxes(rotation.exp(anchor[..., 3:]), -1, -2)
    position = (turn @ (value[..., :3] - anchor[..., :3])[..., None])[..., 0]
    return np.concatenate([position, rotation.log(turn @ rotation.exp(value[..., 3:]))], axis=-1)


def _from_anchor(value: np.ndarray, anchor: np.ndarray, kind: str) -> np.ndarray:
    if kind == "plain":
        return value + anchor
    turn = rotation.exp(anchor[..., 3:])
    position = (turn @ value[..., :3, None])[..., 0] + anchor[..., :3]
    return np.concatenate([position, rotation.log(turn @ rotation.exp(value[..., 3:]))], axis=-1)
