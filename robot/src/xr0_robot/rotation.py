"""Rotations as axis-angle vectors [..., 3] (radians) and matrices [..., 3, 3], by Rodrigues' formula."""

from __future__ import annotations

import numpy as np

SMALL_ANGLE = 1e-6
"""Below this angle [rad] the first-order expansion is exact in float64."""


def skew(v: np.ndarray) -> np.ndarray:
    """[..., 3] to the matrices K [..., 3, 3] with K @ u == cross(v, u)."""
    k = np.zeros((*v.shape[:-1], 3, 3))
    k[..., 2, 1], k[..., 0, 2], k[..., 1, 0] = v[..., 0], v[..., 1], v[..., 2]
    k[..., 1, 2], k[..., 2, 0], k[..., 0, 1] = -v[..., 0], -v[..., 1], -v[..., 2]
    return k


def exp(rotvec: np.ndarray) -> np.ndarray:
    """Axis-angle [..., 3] to rotation matrices [..., 3, 3]."""
    rotvec = np.asarray(rotvec, dtype=np.float64)
    angle = np.linalg.norm(rotvec, axis=-1)[..., None, None]
    safe = np.maximum(angle, SMALL_ANGLE)
    k = skew(rotvec)
    # sin(a)/a and (1 - cos(a))/a^2 tend to 1 and 1/2.
    first = np.where(angle < SMALL_ANGLE, 1.0, np.sin(safe) / safe)
    second = np.where(angle < SMALL_ANGLE, 0.5, (1.0 - np.cos(safe)) / safe**2)
    return np.eye(3) + first * k + second * (k @ k)


def log(matrix: np.ndarray) -> np.ndarray:
    """Rotation matrices [..., 3, 3] to axis-angle [..., 3], with angles in [0, pi]."""
    wxyz = quaternion(np.asarray(matrix, dtype=np.float64))
    scalar, vector = wxyz[..., :1], wxyz[..., 1:]
    sine = np.linalg.norm(vector, axis=-1, keepdims=True)
    angle = 2.0 * np.arctan2(sine, scalar)
    return np.where(sine < SMALL_ANGLE, 2.0, angle / np.maximum(sine, SMALL_ANGLE)) * vector


def angle_between(rotvec_a: np.ndarray, rotvec_b: np.ndarray) -> float:
    """The angle [rad] that turns one axis-angle orientation [3] into the other."""
    return float(np.linalg.norm(log(exp(rotvec_a).T @ exp(rotvec_b))))


def quaternion(m: np.ndarray) -> np.ndarray:
    """Rotation matrices [..., 3, 3] to unit quaternions wxyz [..., 4] with w >= 0.

    From the largest of four equivalent forms, stable at half a turn.
    """
    d0, d1, d2 = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    a, b, c = m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]
    p, q, r = m[..., 1, 0] + m[..., 0, 1], m[..., 2, 0] + m[..., 0, 2], m[..., 2, 1] + m[..., 1, 2]
    rows = (
        (1 + d0 + d1 + d2, a, b, c),
        (a, 1 + d0 - d1 - d2, p, q),
        (b, p, 1 - d0 + d1 - d2, r),
        (c, q, r, 1 - d0 - d1 + d2),
    )
    forms, traces = np.empty((*d0.shape, 4, 4)), np.empty((*d0.shape, 4))
    for i, row in enumerate(rows):
        traces[..., i] = (d0 + d1 + d2, d0, d1, d2)[i]
        for j, value in enumerate(row):
            forms[..., i, j] = value
    best = np.argmax(traces, axis=-1)
    chosen = forms.reshape(-1, 4, 4)[np.arange(best.size), best.ravel()].reshape(*d0.shape, 4)
    chosen = chosen / np.linalg.norm(chosen, axis=-1, keepdims=True)
    return np.where(chosen[..., :1] < 0, -chosen, chosen)
