"""Where things lie on the brick table: free places, drawn without overlap."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from xr0_robot.sims.scene import Bin, Brick, Prop, Scene, View

WORKSPACE = ((0.29, 0.47), (-0.17, 0.17))
"""x and y [m] of brick centres: the gripper, open and turned by 45 degrees, clears the bins."""

SPACING = 0.085
"""Smallest distance of two centres [m]: half an open gripper (0.05) beside half a brick's diagonal (0.03)."""

MAX_YAW = np.pi / 4
"""A brick's yaw at reset lies within this of zero [rad]."""

BRICKS = (
    Brick("red", (0.80, 0.10, 0.10)),
    Brick("green", (0.12, 0.55, 0.18)),
    Brick("blue", (0.10, 0.25, 0.80)),
    Brick("yellow", (0.92, 0.76, 0.08)),
)

BINS = (Bin("left", (0.63, 0.10)), Bin("right", (0.63, -0.10)))

PROPS = (
    Prop("ball", "sphere", (0.017,)),
    Prop("can", "cylinder", (0.016, 0.020)),
    Prop("disc", "cylinder", (0.021, 0.009)),
)

PARKED = ((-0.45, -0.3), (-0.45, 0.0), (-0.45, 0.3))
"""Where absent props stand [m]: behind the robot, out of both cameras' sight."""

VIEWS = (
    # Beyond the bins, looking back and down; turned so that the picture's left is the robot's left.
    View("base", (0.84, 0.0, 0.86), (0.0, -1.0, 0.0), (0.924, 0.0, -0.383), 31.5),
    View("wrist", (0.080, 0.0, -0.070), (0.0, -1.0, 0.0), (0.966, 0.0, -0.259), 75.0, arm="arm"),
)


@dataclass(frozen=True)
class Place:
    """A pose on the table: centre [m] and yaw [rad]."""

    x: float
    y: float
    yaw: float = 0.0


def free_place(
    rng: np.random.Generator, taken: Iterable[np.ndarray], attempts: int = 1000, spacing: float = SPACING
) -> Place:
    """A uniformly drawn place in the workspace, `spacing` away from all `taken` centres [2]; RuntimeError if none."""
    centres = np.reshape([centre[:2] for centre in taken], (-1, 2))
    (x0, x1), (y0, y1) = WORKSPACE
    for _ in range(attempts):
        x, y = rng.uniform(x0, x1), rng.uniform(y0, y1)
        if is_free(np.array([x, y]), centres, spacing):
            return Place(x, y, rng.uniform(-MAX_YAW, MAX_YAW))
    raise RuntimeError(f"layout: no free place beside {len(centres)} objects after {attempts} attempts")


def is_free(centre: np.ndarray, taken: np.ndarray, spacing: float = SPACING) -> bool:
    """Whether `centre` [2] lies in the workspace, `spacing` away from all rows of `taken` [n, 2]."""
    inside = all(low <= value <= high for value, (low, high) in zip(centre, WORKSPACE, strict=True))
    return inside and bool((np.linalg.norm(taken - centre, axis=1) >= spacing).all())
