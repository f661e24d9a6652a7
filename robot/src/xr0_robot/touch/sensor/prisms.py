"""Builders of prisms: outlines, and how they are placed between the pads (x the closing axis, mm)."""

from __future__ import annotations

import numpy as np

from xr0_robot import rotation
from xr0_robot.touch.sensor.shapes import Prism

Rng = np.random.Generator

FACING = 2.0 * np.pi / 3.0 / np.sqrt(3.0) * np.ones(3)
"""Turns a prism's own (x, y, z) to (y, z, x): its polygon then faces the pads."""

ROUND = 24
"""Corners of what stands for a circle: its flats are 0.04 mm deep on a radius of 5 mm."""


def regular(corners: int, radius: float, turn: float = 0.0) -> np.ndarray:
    """A regular polygon [corners, 2]; radius to the corners."""
    angle = turn + 2.0 * np.pi * np.arange(corners) / corners
    return radius * np.column_stack([np.cos(angle), np.sin(angle)])


def rectangle(width: float, height: float) -> np.ndarray:
    """Corners [4, 2] of a rectangle about 0."""
    return np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [width / 2, height / 2]


def irregular(rng: Rng, corners: int) -> np.ndarray:
    """A convex polygon on an ellipse, 4 to 11 mm wide, no two corners near one another."""
    gaps = rng.dirichlet(np.full(corners, 4.0)) * (2.0 * np.pi - 0.35 * corners) + 0.35
    angle = rng.uniform(0.0, 2.0 * np.pi) + np.cumsum(gaps)
    points = np.column_stack([np.cos(angle), np.sin(angle)]) * rng.uniform(2.0, 5.5, 2)
    return points @ rotation.exp(np.array([0.0, 0.0, rng.uniform(0, np.pi)]))[:2, :2].T


def facing(
    polygon: np.ndarray, thickness: float, y: float = 0.0, z: float = 0.0, tilt: tuple[float, float] = (0, 0)
) -> Prism:
    """A polygon given in (y, z), looking at both pads; tilt: about y and z [rad]."""
    turned = rotation.exp(np.array([0.0, *tilt])) @ rotation.exp(FACING)
    return Prism(polygon, thickness, 1.0, np.array([0.0, y, z]), rotation.log(turned))


def upright(polygon: np.ndarray, length: float, z: float = 0.0, taper: float = 1.0) -> Prism:
    """A polygon given in (x, y), drawn out along z, centred at height z."""
    return Prism(polygon, length, taper, np.array([0.0, 0.0, z]))


def lie_down(rng: Rng, prisms: list[Prism]) -> list[Prism]:
    """Half of the time, an upright thing across the gripper instead."""
    return [about_x(prism, np.pi / 2) for prism in prisms] if rng.random() < 0.5 else prisms


def about_x(prism: Prism, angle: float) -> Prism:
    """The prism turned about the closing axis [rad]."""
    turn = rotation.exp(np.array([angle, 0.0, 0.0]))
    placed = rotation.log(turn @ rotation.exp(prism.rotvec))
    return Prism(prism.polygon, prism.height, prism.taper, turn @ prism.position, placed)
