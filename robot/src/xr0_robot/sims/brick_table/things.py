"""What lies on a brick table, as data and as MJCF: bricks, bins, props; lengths in metres."""

from __future__ import annotations

from dataclasses import dataclass

from xr0_robot.sims.scene import Vec3, numbers

WALL = 0.004
WALL_HEIGHT = 0.036
"""A bin's walls [m]: thin for the view, low so that a carried brick passes."""

BIN_FLOOR = 0.002
"""Thickness of a bin's floor [m]."""


@dataclass(frozen=True)
class Brick:
    """A free box. size: full edge lengths."""

    name: str
    rgb: Vec3
    size: Vec3 = (0.048, 0.032, 0.032)
    mass: float = 0.03


@dataclass(frozen=True)
class Bin:
    """An open box standing on the table. inner: full edge lengths of its floor."""

    name: str
    centre: tuple[float, float]
    inner: tuple[float, float] = (0.14, 0.14)
    rgb: Vec3 = (0.27, 0.23, 0.21)


@dataclass(frozen=True)
class Prop:
    """A free thing that no instruction names. shape: sphere (radius) or cylinder (radius, half height)."""

    name: str
    shape: str
    size: tuple[float, ...]
    mass: float = 0.03


def mjcf(bricks: tuple[Brick, ...], bins: tuple[Bin, ...], props: tuple[Prop, ...]) -> str:
    """The bodies, by their names; bricks and props are free."""
    return "".join([_brick(b) for b in bricks] + [_bin(b) for b in bins] + [_prop(p) for p in props])


def _brick(brick: Brick) -> str:
    half = numbers(tuple(edge / 2 for edge in brick.size))
    return (
        f'<body name="{brick.name}"><freejoint name="{brick.name}"/>'
        f'<geom name="{brick.name}" class="thing" type="box" size="{half}" '
        f'mass="{brick.mass:g}" rgba="{numbers(brick.rgb)} 1"/></body>'
    )


def _prop(prop: Prop) -> str:
    # Rolling friction, so that a ball comes to rest.
    return (
        f'<body name="{prop.name}"><freejoint name="{prop.name}"/><geom name="{prop.name}" class="thing" '
        f'type="{prop.shape}" size="{numbers(prop.size)}" mass="{prop.mass:g}" condim="6" '
        f'friction="0.7 0.01 0.003"/></body>'
    )


def _bin(bin_: Bin) -> str:
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
