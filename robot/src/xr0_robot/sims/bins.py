"""Open boxes on a table, as data and as MJCF; lengths in metres."""

from __future__ import annotations

from dataclasses import dataclass

from xr0_robot.sims.scene import numbers

WALL = 0.004
WALL_HEIGHT = 0.036
"""A bin's walls [m]: thin for the view, low so that a carried brick passes."""

BIN_FLOOR = 0.002
"""Thickness of a bin's floor [m]."""


@dataclass(frozen=True)
class Bin:
    """An open box standing on the table. inner: full edge lengths of its floor."""

    name: str
    centre: tuple[float, float]
    inner: tuple[float, float] = (0.14, 0.14)
    rgb: tuple[float, float, float] = (0.27, 0.23, 0.21)


def mjcf(bin_: Bin) -> str:
    """The body, by its name, and the geom of its floor likewise."""
    a, b = bin_.inner[0] / 2, bin_.inner[1] / 2
    x, y = bin_.centre
    rgba = numbers((*bin_.rgb, 1.0))
    floor = numbers(tuple(1.7 * value for value in bin_.rgb))
    t, h = WALL / 2, WALL_HEIGHT / 2
    walls = "".join(
        f'<geom class="thing" type="box" pos="{numbers(at)}" size="{numbers(size)}" rgba="{rgba}"/>'
        for at, size in (
            ((a + t, 0.0, h), (t, b + WALL, h)),
            ((-a - t, 0.0, h), (t, b + WALL, h)),
            ((0.0, b + t, h), (a, t, h)),
            ((0.0, -b - t, h), (a, t, h)),
        )
    )
    return (
        f'<body name="{bin_.name}" pos="{x:g} {y:g} 0">{walls}'
        f'<geom name="{bin_.name}" class="thing" type="box" pos="0 0 {BIN_FLOOR / 2:g}" '
        f'size="{a:g} {b:g} {BIN_FLOOR / 2:g}" rgba="{floor} 1"/></body>'
    )
