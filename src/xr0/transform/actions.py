"""Native commands to the model's vector and back, by the embodiment's segments. numpy only.

What the model sees is canonical (m, rad, axis-angles, a gripper's stroke), then anchored. A pose anchored at
the chunk's start is seen from the end effector there: R_t^T (p - p_t) and log(R_t^T R), as in the released
post-training code (mibot/utils/io.py). Decoded actions are absolute, so a prefix given as absolute commands
is re-anchored simply by encoding it with the new state.
"""

from __future__ import annotations

import numpy as np

from xr0_robot import rotation
from xr0_robot.canonical import to_canonical, to_native
from xr0_robot.types import Embodiment, Segment


def encode_state(state: np.ndarray, embodiment: Embodiment) -> np.ndarray:
    """Native state [..., state_dim] to the model's [..., model_dim]; unused slots are zero.

    ValueError, here and below, where the rotation of a pose is none.
    """
    out = np.zeros((*state.shape[:-1], embodiment.model_dim))
    for segment in embodiment.state_segments:
        if segment.model is not None:
            out[..., segment.model_slice] = to_canonical(state[..., segment.native_slice], segment)
    return out


def decode_state(encoded: np.ndarray, embodiment: Embodiment) -> np.ndarray:
    """Inverse of `encode_state`: [..., model_dim] to [..., state_dim].

    What the model is not shown is neutral: zeros, a pose that is not turned, a closed gripper.
    """
    out = np.zeros((*encoded.shape[:-1], embodiment.state_dim))
    for segment in embodiment.state_segments:
        hidden = np.zeros((*encoded.shape[:-1], segment.model_size))
        shown = hidden if segment.model is None else encoded[..., segment.model_slice]
        out[..., segment.native_slice] = to_native(shown, segment)
    return out


def encode_actions(actions: np.ndarray, state: np.ndarray, embodiment: Embodiment) -> np.ndarray:
    """Commands [..., t, native_dim] and the state [..., state_dim] at the chunk's start to
    [..., t, model_dim]."""
    out = np.zeros((*actions.shape[:-1], embodiment.model_dim))
    for segment in embodiment.segments:
        value = to_canonical(actions[..., segment.native_slice], segment)
        if segment.anchor == "chunk_start":
            value = _to_anchor(value, _anchor(segment, state, embodiment), segment.kind)
        out[..., segment.model_slice] = value
    return out


def decode_actions(encoded: np.ndarray, state: np.ndarray, embodiment: Embodiment) -> np.ndarray:
    """Inverse of `encode_actions`: [..., t, model_dim] to commands [..., t, native_dim]."""
    out = np.zeros((*encoded.shape[:-1], embodiment.native_dim))
    for segment in embodiment.segments:
        value = encoded[..., segment.model_slice]
        if segment.anchor == "chunk_start":
            value = _from_anchor(value, _anchor(segment, state, embodiment), segment.kind)
        out[..., segment.native_slice] = to_native(value, segment)
    return out


def _anchor(segment: Segment, state: np.ndarray, embodiment: Embodiment) -> np.ndarray:
    """What the state measures of a command, canonical: [..., 1, model_size]."""
    twin = embodiment.measured(segment)
    return to_canonical(state[..., None, twin.native_slice], twin)


def _to_anchor(value: np.ndarray, anchor: np.ndarray, kind: str) -> np.ndarray:
    if kind != "pose":
        return value - anchor
    turn = np.swapaxes(rotation.exp(anchor[..., 3:]), -1, -2)
    position = (turn @ (value[..., :3] - anchor[..., :3])[..., None])[..., 0]
    return np.concatenate([position, rotation.log(turn @ rotation.exp(value[..., 3:]))], axis=-1)


def _from_anchor(value: np.ndarray, anchor: np.ndarray, kind: str) -> np.ndarray:
    if kind != "pose":
        return value + anchor
    turn = rotation.exp(anchor[..., 3:])
    position = (turn @ value[..., :3, None])[..., 0] + anchor[..., :3]
    return np.concatenate([position, rotation.log(turn @ rotation.exp(value[..., 3:]))], axis=-1)
