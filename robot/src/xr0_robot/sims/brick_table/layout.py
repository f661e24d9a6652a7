"""Where things lie on a brick table: free places, drawn without overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xr0_robot.sims.bins import BIN_FLOOR, Bin
from xr0_robot.sims.brick_table.things import Brick, Prop

WORKSPACE = ((0.29, 0.47), (-0.17, 0.17))
"""x and y [m] of brick centres: the gripper, open and turned by 45 degrees, clears the bins."""

SPACING = 0.085
"""Smallest distance of two centres [m]: half an open gripper (0.05) beside half a brick's diagonal (0.03)."""

TIGHT = 0.07
"""The same for a brick that is moved: a crowded table still has room, and so has a well-turned gripper."""

ATTEMPTS = 1000
"""Draws of a place before giving up; a table of 7 things needs some dozens at most."""

LAYOUTS = 100
"""Layouts before giving up; the first has no room for its last thing in one of 1500 scenes."""

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
"""Where absent props stand [m]: behind the robot, out of every camera's sight."""


@dataclass(frozen=True)
class Place:
    """A pose on the table: centre [m] and yaw [rad]."""

    x: float
    y: float
    z: float
    yaw: float = 0.0


class _NoRoom(Exception):  # noqa: N818 (nothing failed: the layout is started over)
    """What lies on the table leaves no place for the next thing."""


def lay(
    rng: np.random.Generator, bricks: tuple[Brick, ...] = BRICKS
) -> tuple[dict[str, Place], tuple[str, ...]]:
    """A place for every brick and prop, none overlapping, and the names of the props that are in the scene.

    In half of the scenes the first of these lies in a bin, so that a bin can be the empty one. A layout that
    leaves no room is started over; RuntimeError if there are too many bricks for any.
    """
    for _ in range(LAYOUTS):
        try:
            return _lay_once(rng, bricks)
        except _NoRoom:
            continue
    raise RuntimeError(f"layout: no room for {len(bricks)} bricks and some props in {LAYOUTS} layouts")


def _lay_once(
    rng: np.random.Generator, bricks: tuple[Brick, ...]
) -> tuple[dict[str, Place], tuple[str, ...]]:
    places: dict[str, Place] = {}
    for brick in bricks:
        x, y = _free_place(rng, places)
        places[brick.name] = Place(x, y, brick.size[2] / 2, rng.uniform(-MAX_YAW, MAX_YAW))
    occupied = BINS[rng.integers(len(BINS))] if rng.random() < 0.5 else None
    present = [prop for prop in PROPS if rng.random() < 0.5]
    for prop, parked in zip(PROPS, PARKED, strict=True):
        z = prop.size[0] if prop.shape == "sphere" else prop.size[1]
        if prop not in present:
            x, y = parked
        elif occupied is not None and prop is present[0]:
            x, y = np.array(occupied.centre) + rng.uniform(-0.04, 0.04, size=2)
            z += BIN_FLOOR
        else:
            x, y = _free_place(rng, places)
        places[prop.name] = Place(x, y, z)
    return places, tuple(prop.name for prop in present)


def nearby(
    rng: np.random.Generator, start: np.ndarray, taken: np.ndarray, distances: tuple[float, float]
) -> np.ndarray | None:
    """A free centre [2] within `distances` of `start` [2], clear of `taken` [n, 2]; None if none found."""
    for _ in range(ATTEMPTS):
        angle, distance = rng.uniform(0, 2 * np.pi), rng.uniform(*distances)
        centre = start + distance * np.array([np.cos(angle), np.sin(angle)])
        if _is_free(centre, taken, TIGHT):
            return centre
    return None


def _free_place(rng: np.random.Generator, places: dict[str, Place]) -> np.ndarray:
    taken = np.reshape([(place.x, place.y) for place in places.values()], (-1, 2))
    low, high = np.transpose(WORKSPACE)
    for _ in range(ATTEMPTS):
        centre = rng.uniform(low, high)
        if _is_free(centre, taken, SPACING):
            return centre
    raise _NoRoom


def _is_free(centre: np.ndarray, taken: np.ndarray, spacing: float) -> bool:
    """Whether `centre` [2] lies in the workspace, `spacing` away from all rows of `taken` [n, 2]."""
    low, high = np.transpose(WORKSPACE)
    inside = bool(((centre >= low) & (centre <= high)).all())
    return inside and bool((np.linalg.norm(taken - centre, axis=1) >= spacing).all())
