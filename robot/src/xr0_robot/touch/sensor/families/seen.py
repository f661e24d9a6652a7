"""Families for training: small machine parts, and general shapes of every kind."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from xr0_robot import rotation
from xr0_robot.touch.sensor.prisms import (
    ROUND,
    Rng,
    about_x,
    facing,
    irregular,
    lie_down,
    rectangle,
    regular,
    upright,
)
from xr0_robot.touch.sensor.shapes import Prism


def _box(rng: Rng) -> list[Prism]:
    return [facing(rectangle(rng.uniform(2, 9), rng.uniform(2, 11)), rng.uniform(3, 12))]


def _plate(rng: Rng) -> list[Prism]:
    """Wider than the pad: a bar across it, or one straight edge within it."""
    if rng.random() < 0.5:
        return lie_down(rng, [facing(rectangle(rng.uniform(1.5, 7), 30.0), rng.uniform(2, 8))])
    shift = 15.0 + rng.uniform(-2, 2)
    return [about_x(facing(rectangle(30, 30), rng.uniform(2, 8), y=shift), rng.integers(4) * np.pi / 2)]


def _rod(rng: Rng) -> list[Prism]:
    return lie_down(rng, [upright(regular(ROUND, rng.uniform(1.0, 4.5)), rng.uniform(6, 30))])


def _disc(rng: Rng) -> list[Prism]:
    return [facing(regular(ROUND, rng.uniform(2.0, 5.0)), rng.uniform(2, 8))]


def _wheel(rng: Rng) -> list[Prism]:
    """A disc held by its rim."""
    return lie_down(rng, [upright(regular(ROUND, rng.uniform(3.5, 12)), rng.uniform(1.5, 7))])


def _hex_nut(rng: Rng) -> list[Prism]:
    """Six walls about a bore; its face to the pads, or held by two flats."""
    outer, inner = rng.uniform(3.2, 5.2), rng.uniform(1.2, 2.2)
    thickness, face = rng.uniform(2.5, 6), rng.random() < 0.6
    turn = rng.integers(2) * np.pi / 6
    ring, bore = regular(6, outer, turn), regular(6, inner, turn)
    walls = [np.array([bore[k], ring[k], ring[(k + 1) % 6], bore[(k + 1) % 6]]) for k in range(6)]
    if face:
        return [facing(wall, thickness) for wall in walls]
    return lie_down(rng, [upright(regular(6, outer, np.pi / 6), thickness)])


def _hex_bar(rng: Rng) -> list[Prism]:
    """A hexagon without a bore, facing the pads."""
    return [facing(regular(6, rng.uniform(2.5, 5.2), rng.integers(2) * np.pi / 6), rng.uniform(3, 9))]


def _tee(rng: Rng) -> list[Prism]:
    thickness, bar, stem = rng.uniform(2.5, 8), rng.uniform(1.5, 3.5), rng.uniform(1.5, 3.5)
    width, height = rng.uniform(6, 11), rng.uniform(4, 9)
    middle = rng.uniform(-1, 1)
    top = facing(rectangle(width, bar), thickness, z=height / 2)
    leg = facing(rectangle(stem, height), thickness, y=middle, z=-bar / 2)
    quarter = rng.integers(4) * np.pi / 2
    return [about_x(part, quarter) for part in (top, leg)]


def _bracket(rng: Rng) -> list[Prism]:
    """An L."""
    thickness, a, b = rng.uniform(2.5, 8), rng.uniform(1.5, 3.5), rng.uniform(1.5, 3.5)
    width, height = rng.uniform(5, 10), rng.uniform(5, 11)
    foot = facing(rectangle(width, a), thickness, y=(width - b) / 2 - 1.5, z=-height / 2 + a / 2)
    wall = facing(rectangle(b, height), thickness, y=-1.5)
    quarter = rng.integers(4) * np.pi / 2
    return [about_x(part, quarter) for part in (foot, wall)]


def _channel(rng: Rng) -> list[Prism]:
    """Two bars with a slot between them, closed at one end or open."""
    thickness, gap, height = rng.uniform(2.5, 8), rng.uniform(1.2, 4), rng.uniform(5, 14)
    left, right = rng.uniform(1.2, 3, 2)
    parts = [
        facing(rectangle(left, height), thickness, y=-(gap + left) / 2),
        facing(rectangle(right, height), thickness, y=(gap + right) / 2),
    ]
    if rng.random() < 0.6:
        floor = rng.uniform(1.2, 3)
        parts.append(facing(rectangle(gap + left + right, floor), thickness, z=-height / 2 - floor / 2 + 0.5))
    quarter = rng.integers(4) * np.pi / 2
    return [about_x(part, quarter) for part in parts]


def _screw(rng: Rng) -> list[Prism]:
    """Threads as steps: thick and thin by turns."""
    outer = rng.uniform(1.5, 4)
    inner, pitch = outer * rng.uniform(0.75, 0.95), rng.uniform(1.6, 3.2)
    turns = int(rng.integers(4, 7))
    core = upright(regular(16, inner), turns * pitch + rng.uniform(0, 6))
    ridges = [upright(regular(16, outer), pitch / 2, (k - (turns - 1) / 2) * pitch) for k in range(turns)]
    return lie_down(rng, [core, *ridges])


def _frustum(rng: Rng) -> list[Prism]:
    corners = int(rng.choice([4, 6, ROUND]))
    polygon = regular(corners, rng.uniform(2.5, 5.5), np.pi / corners)
    return lie_down(rng, [upright(polygon, rng.uniform(6, 20), taper=rng.uniform(0.5, 0.92))])


def _flange(rng: Rng) -> list[Prism]:
    """A boss on a plate that is a few tenths lower, both to be felt."""
    thickness, step = rng.uniform(3, 8), rng.uniform(0.05, 0.5)
    boss = irregular(rng, int(rng.integers(4, 9))) * rng.uniform(0.5, 0.8)
    plate = irregular(rng, int(rng.integers(4, 9)))
    return [facing(boss, thickness, *rng.uniform(-1, 1, 2)), facing(plate, thickness - 2 * step)]


def _polygon(rng: Rng) -> list[Prism]:
    return [facing(irregular(rng, int(rng.integers(4, 9))), rng.uniform(2.5, 9))]


def _bar(rng: Rng) -> list[Prism]:
    """An irregular prism held by its sides."""
    return lie_down(rng, [upright(irregular(rng, int(rng.integers(4, 9))), rng.uniform(4, 26))])


def _union(rng: Rng) -> list[Prism]:
    """Two or three irregular plates beside and upon one another, not quite level."""
    thickness = rng.uniform(3, 8)
    parts = [
        facing(
            irregular(rng, int(rng.integers(4, 8))) * rng.uniform(0.35, 0.9),
            thickness - rng.uniform(0, 0.5),
            *rng.uniform(-3.5, 3.5, 2),
            tilt=tuple(rng.normal(0, 0.03, 2)),
        )
        for _ in range(rng.integers(2, 4))
    ]
    turn = rng.uniform(0, 2 * np.pi)
    return [about_x(part, turn) for part in parts]


def _rubble(rng: Rng) -> list[Prism]:
    """Two or three prisms of any kind, in any orientation."""
    parts = []
    for _ in range(rng.integers(2, 4)):
        polygon = irregular(rng, int(rng.integers(4, 8))) * rng.uniform(0.3, 0.7)
        turned = rotation.exp(rng.normal(0, 1.5, 3))
        place = np.array([rng.uniform(-0.3, 0.3), *rng.uniform(-3.5, 3.5, 2)])
        parts.append(Prism(polygon, rng.uniform(3, 10), rng.uniform(0.6, 1.0), place, rotation.log(turned)))
    return parts


def _scissors(rng: Rng) -> list[Prism]:
    """Two bars that cross aslant."""
    thickness, half = rng.uniform(2.5, 8), rng.uniform(np.deg2rad(12), np.deg2rad(35))
    bars = [
        facing(rectangle(rng.uniform(1.5, 3.5), rng.uniform(6, 14)), thickness, *rng.uniform(-1.5, 1.5, 2))
        for _ in range(2)
    ]
    turn = rng.uniform(0, np.pi)
    return [about_x(bar, turn + sign * half) for bar, sign in zip(bars, (-1, 1), strict=True)]


def _collar(rng: Rng) -> list[Prism]:
    """A rod with a collar somewhere on it."""
    outer, length = rng.uniform(2, 4.5), rng.uniform(1.5, 8)
    core = upright(regular(ROUND, outer * rng.uniform(0.6, 0.95)), rng.uniform(16, 30))
    return lie_down(rng, [core, upright(regular(ROUND, outer), length, rng.uniform(-3, 3))])


SEEN: dict[str, Callable[[Rng], list[Prism]]] = {
    "box": _box,
    "plate": _plate,
    "rod": _rod,
    "disc": _disc,
    "wheel": _wheel,
    "hex_nut": _hex_nut,
    "hex_bar": _hex_bar,
    "tee": _tee,
    "bracket": _bracket,
    "channel": _channel,
    "screw": _screw,
    "frustum": _frustum,
    "flange": _flange,
    "polygon": _polygon,
    "bar": _bar,
    "scissors": _scissors,
    "collar": _collar,
    "union": _union,
    "rubble": _rubble,
}
"""For training."""

GENERAL = ("union", "rubble", "polygon", "flange", "scissors")
"""Those of SEEN with the most different members: training draws more of them."""
