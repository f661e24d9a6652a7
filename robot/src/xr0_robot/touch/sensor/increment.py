"""The wrist's increment W = T_cur T_goal^-1, in the gripper's frame (TacRefineNet's output).

It does not depend on where the object's own frame lies: T S in place of T, for both, leaves W as it is, so a
network can learn it without knowing the object. After the wrist has moved by W, T_new = W^-1 T_cur = T_goal.
"""

from __future__ import annotations

import numpy as np

from xr0_robot import rotation

VECTOR = 6
"""Numbers of an increment: translation [mm], then axis-angle [rad]."""

DOF = ("x", "y", "z", "rx", "ry", "rz")
"""Their names."""


def to_matrix(vector: np.ndarray) -> np.ndarray:
    """[..., 6] (mm, rad) to homogeneous matrices [..., 4, 4]."""
    vector = np.asarray(vector, dtype=np.float64)
    matrix = np.zeros((*vector.shape[:-1], 4, 4))
    matrix[..., :3, :3] = rotation.exp(vector[..., 3:])
    matrix[..., :3, 3] = vector[..., :3]
    matrix[..., 3, 3] = 1.0
    return matrix


def to_vector(matrix: np.ndarray) -> np.ndarray:
    """The inverse of `to_matrix`, with angles in [0, pi]."""
    return np.concatenate([matrix[..., :3, 3], rotation.log(matrix[..., :3, :3])], axis=-1)


def inverse(matrix: np.ndarray) -> np.ndarray:
    """Of homogeneous matrices [..., 4, 4]."""
    turned = np.swapaxes(matrix[..., :3, :3], -1, -2)
    out = np.zeros_like(matrix)
    out[..., :3, :3] = turned
    out[..., :3, 3] = -(turned @ matrix[..., :3, 3:])[..., 0]
    out[..., 3, 3] = 1.0
    return out


def increment(current: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """W [..., 4, 4]: how the wrist must move, so that an object now at `current` is at `goal`."""
    return current @ inverse(goal)


def moved(current: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Where a fixed object is after the wrist moved by W: W^-1 T_cur."""
    return inverse(w) @ current


def magnitudes(vector: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Length [mm] and angle [degrees] of increments [..., 6]."""
    return (
        np.linalg.norm(vector[..., :3], axis=-1),
        np.rad2deg(np.linalg.norm(vector[..., 3:], axis=-1)),
    )
