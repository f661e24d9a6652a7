"""Rotations as the numbers that robots and datasets write them in, to matrices [..., 3, 3] and back.

A quaternion is a unit one, its order in its name. `rotation_6d`: the first two columns of the matrix, one
after the other (Zhou et al. 2019, arXiv 1812.07035). `matrix`: row by row. Euler angles [rad] are named as
scipy does: small letters turn about fixed axes (`euler_xyz` is roll, pitch, yaw), capitals about axes that
turn along.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations

import numpy as np

from xr0_robot import rotation

AXES = "xyz"
ANGLE_NAMES = {"x": "roll", "y": "pitch", "z": "yaw"}

EULER = tuple(f"euler_{''.join(order)}" for axes in (AXES, AXES.upper()) for order in permutations(axes))
"""The orders of three different axes, fixed and turning."""

ANGLES = ("axis_angle", *EULER)
"""Made of angles, so zeros are no turn."""

NAMES: Mapping[str, tuple[str, ...]] = {
    "axis_angle": ("rx", "ry", "rz"),
    "quaternion_xyzw": ("qx", "qy", "qz", "qw"),
    "quaternion_wxyz": ("qw", "qx", "qy", "qz"),
    "rotation_6d": tuple(f"m{row}{column}" for column in range(2) for row in range(3)),
    "matrix": tuple(f"m{row}{column}" for row in range(3) for column in range(3)),
    **{name: tuple(ANGLE_NAMES[axis] for axis in name[-3:].lower()) for name in EULER},
}
"""Each representation, and what its numbers are called in a dataset's features."""

TOLERANCE = 1e-2
"""How far a number may lie from a true rotation's: few decimals and float16, never a missing value."""

LOCKED = 1e-9
"""Where the first and the third Euler axis are this parallel, only their sum is known: the first is 0."""


def to_matrix(numbers: np.ndarray, representation: str) -> np.ndarray:
    """`numbers` [..., n] of a representation of `NAMES`, to rotation matrices.

    ValueError where they lie further than `TOLERANCE` from any rotation.
    """
    if representation == "axis_angle":
        return rotation.exp(numbers)
    if representation in EULER:
        return _from_euler(numbers, representation[-3:])
    with np.errstate(invalid="ignore", divide="ignore"):
        if representation.startswith("quaternion"):
            clean = numbers / np.linalg.norm(numbers, axis=-1, keepdims=True)
            matrices = _from_quaternion(clean if representation.endswith("wxyz") else np.roll(clean, 1, -1))
        else:
            matrices = _orthonormal(*_columns(numbers, representation))
            clean = from_matrix(matrices, representation)
    # A comparison with NaN is false, so zeros and NaN are refused too.
    true = (np.abs(clean - numbers) <= TOLERANCE).all(axis=-1)
    if not true.all():
        raise ValueError(f"got {numbers[~true][0].tolist()}, expected a rotation as {representation}")
    return matrices


def from_matrix(matrices: np.ndarray, representation: str) -> np.ndarray:
    """Inverse of `to_matrix`: quaternions with w >= 0, axis-angles up to half a turn, the second Euler angle
    within a quarter turn."""
    if representation == "axis_angle":
        return rotation.log(matrices)
    if representation in EULER:
        return _to_euler(matrices, representation[-3:])
    if representation == "quaternion_wxyz":
        return rotation.quaternion(matrices)
    if representation == "quaternion_xyzw":
        return np.roll(rotation.quaternion(matrices), -1, axis=-1)
    if representation == "rotation_6d":
        return np.concatenate([matrices[..., 0], matrices[..., 1]], axis=-1)
    return matrices.reshape(*matrices.shape[:-2], 9)


def _from_quaternion(wxyz: np.ndarray) -> np.ndarray:
    scalar, k = wxyz[..., :1, None], rotation.skew(wxyz[..., 1:])
    return np.eye(3) + 2.0 * scalar * k + 2.0 * k @ k


def _columns(numbers: np.ndarray, representation: str) -> tuple[np.ndarray, np.ndarray]:
    """The first two of the matrix."""
    if representation == "rotation_6d":
        return numbers[..., :3], numbers[..., 3:]
    return numbers[..., 0::3], numbers[..., 1::3]


def _orthonormal(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The rotation with these columns, by Gram and Schmidt."""
    x = first / np.linalg.norm(first, axis=-1, keepdims=True)
    y = second - (x * second).sum(axis=-1, keepdims=True) * x
    y = y / np.linalg.norm(y, axis=-1, keepdims=True)
    return np.stack([x, y, np.cross(x, y)], axis=-1)


def _about(axis: int, angle: np.ndarray) -> np.ndarray:
    """Turns by `angle` [...] about a coordinate axis."""
    return rotation.exp(angle[..., None] * np.eye(3)[axis])


def _from_euler(angles: np.ndarray, order: str) -> np.ndarray:
    if order.isupper():
        return _from_euler(angles[..., ::-1], order.lower()[::-1])
    first, second, third = (_about(AXES.index(axis), angles[..., n]) for n, axis in enumerate(order))
    return third @ second @ first


def _to_euler(m: np.ndarray, order: str) -> np.ndarray:
    """R = R_k(third) R_j(second) R_i(first): row k holds the first angle, what is left the other two."""
    if order.isupper():
        return _to_euler(m, order.lower()[::-1])[..., ::-1]
    i, j, k = (AXES.index(axis) for axis in order)
    sign = 1.0 if (j - i) % 3 == 1 else -1.0
    locked = np.hypot(m[..., k, j], m[..., k, k]) < LOCKED
    first = np.where(locked, 0.0, np.arctan2(sign * m[..., k, j], m[..., k, k]))
    rest = m @ _about(i, -first)
    second = np.arctan2(-sign * rest[..., k, i], rest[..., k, k])
    third = np.arctan2(-sign * rest[..., i, j], rest[..., j, j])
    return np.stack([first, second, third], axis=-1)
