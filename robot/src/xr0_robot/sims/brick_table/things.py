"""What lies on a brick table, as data and as MJCF: bricks, bins, props; lengths in metres."""

from __future__ import annotations

from dataclasses import dataclass

from xr0_robot.sims import bins
from xr0_robot.sims.bins import Bin
from xr0_robot.sims.scene import Vec3, numbers


@dataclass(frozen=True)
class Brick:
    """A free box. size: full edge lengths."""

    name: str
    rgb: Vec3
    size: Vec3 = (0.048, 0.032, 0.032)
    mass: float = 0.03


@dataclass(frozen=True)
class Prop:
    """A free thing that no instruction names. shape: sphere (radius) or cylinder (radius, half height)."""

    name: str
    shape: str
    size: tuple[float, ...]
    mass: float = 0.03


def mjcf(bricks: tuple[Brick, ...], bins_: tuple[Bin, ...], props: tuple[Prop, ...]) -> str:
    """The bodies, by their names; bricks and props are free."""
    return "".join([_brick(b) for b in bricks] + [bins.mjcf(b) for b in bins_] + [_prop(p) for p in props])


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
