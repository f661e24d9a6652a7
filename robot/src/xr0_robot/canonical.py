"""A robot's own numbers in the units that all robots share, and back.

Canonical is what the model sees, but for the anchor: a pose as x, y, z [m] and an axis-angle [rad], angles in
rad, a gripper's stroke from 0, closed, to 1, open. Numbers that are canonical already keep their bits.
"""

from __future__ import annotations

import numpy as np

from xr0_robot import representations, rotation
from xr0_robot.types import Segment


def to_canonical(values: np.ndarray, segment: Segment) -> np.ndarray:
    """The native numbers [..., size] of a segment as [..., model_size].

    ValueError where the rotation of a pose is none.
    """
    if segment.kind == "gripper":
        closed, stroke = _ends(segment)
        return (values - closed) / stroke
    if segment.kind == "plain":
        return _radians(values, segment)
    turn = _radians(values[..., 3:], segment)
    if segment.rotation != "axis_angle":
        turn = rotation.log(_matrix(turn, segment))
    return np.concatenate([values[..., :3], turn], axis=-1)


def to_native(canonical: np.ndarray, segment: Segment) -> np.ndarray:
    """Inverse of `to_canonical`: [..., model_size] to [..., size]."""
    if segment.kind == "gripper":
        closed, stroke = _ends(segment)
        return closed + canonical * stroke
    if segment.kind == "plain":
        return _as_written(canonical, segment)
    turn = canonical[..., 3:]
    if segment.rotation != "axis_angle":
        turn = representations.from_matrix(rotation.exp(turn), segment.rotation)
    return np.concatenate([canonical[..., :3], _as_written(turn, segment)], axis=-1)


def convert(values: np.ndarray, measured: Segment, told: Segment) -> np.ndarray:
    """What the state measures [..., size], as its commanded twin writes it; the same bits where both write
    alike. ValueError as `to_canonical`."""
    canonical = to_canonical(values, measured)
    return values if measured.form == told.form else to_native(canonical, told)


def _ends(segment: Segment) -> tuple[float, float]:
    """What a gripper reads closed, and how much more when open."""
    assert segment.closed is not None and segment.open is not None  # a gripper has both
    return segment.closed, segment.open - segment.closed


def _radians(values: np.ndarray, segment: Segment) -> np.ndarray:
    return np.deg2rad(values) if segment.unit == "degrees" else values


def _as_written(values: np.ndarray, segment: Segment) -> np.ndarray:
    return np.rad2deg(values) if segment.unit == "degrees" else values


def _matrix(turn: np.ndarray, segment: Segment) -> np.ndarray:
    try:
        return representations.to_matrix(turn, segment.rotation)
    except ValueError as error:
        raise ValueError(f"{segment.name}: {error}") from error
