"""Bricks of 2 x 4 studs and the bins of their colours, as data and as MJCF; lengths in metres."""

from __future__ import annotations

from xr0_robot.sims import bins
from xr0_robot.sims.bins import Bin
from xr0_robot.sims.scene import Vec3, numbers

PITCH = 0.016
"""From stud to stud, as in Duplo."""

COLUMNS, ROWS = 4, 2
"""Studs along a brick and across it."""

BEAM_COLUMNS, BEAM_ROWS = 24, 4
"""Studs along the beam that a wall stands on, and across it: as wide as a hand can hold, so that no
wall falls."""

HEIGHT = 0.0192
"""From layer to layer."""

CLEARANCE = 0.0002
"""Between a brick and the place that it has in the grid, on each side."""


def _half(columns: int, rows: int) -> Vec3:
    return (columns * PITCH / 2 - CLEARANCE, rows * PITCH / 2 - CLEARANCE, HEIGHT / 2 - CLEARANCE / 2)


HALF, BEAM_HALF = _half(COLUMNS, ROWS), _half(BEAM_COLUMNS, BEAM_ROWS)
"""Half the edges of a brick, and of a beam."""

MASS = 0.012
"""Of a brick [kg]."""

BEAM_MASS = 0.15
"""Of the beam that a wall stands on [kg]."""

BEAM_RGB = (0.45, 0.45, 0.47)

STUD = (0.0045, 0.0045, 0.0018)
"""Half the edges of a stud. Square: round ones have 25 times the triangles, and pictures take thrice as
long."""

COLOURS: dict[str, Vec3] = {
    "red": (0.80, 0.10, 0.10),
    "green": (0.12, 0.55, 0.18),
    "blue": (0.10, 0.25, 0.80),
    "yellow": (0.92, 0.76, 0.08),
}
"""By the names that sentences use."""


def _darker(rgb: Vec3) -> Vec3:
    red, green, blue = rgb
    return (0.5 * red, 0.5 * green, 0.5 * blue)


BINS = tuple(
    Bin(colour, (x, y), inner=(0.15, 0.15), rgb=_darker(COLOURS[colour]))
    for colour, x, y in (
        ("red", 0.33, 0.31),
        ("blue", 0.50, 0.31),
        ("green", 0.33, -0.31),
        ("yellow", 0.50, -0.31),
    )
)
"""Two within reach of each arm, in the colours of what belongs in them."""

SIDE_OF = {bin_.name: "left" if bin_.centre[1] > 0 else "right" for bin_ in BINS}
"""Which arm reaches the bin of a colour."""


def name(number: int) -> str:
    """Of a brick's body, joint and box."""
    return f"brick_{number}"


def weld(number: int) -> str:
    """Of the equality that can hold any two bricks together."""
    return f"studs_{number}"


def beam(number: int) -> str:
    """Of a beam's body, joint and box."""
    return f"beam_{number}"


def bodies(count: int, beams: int) -> str:
    """So many bricks and beams, free, and the bins."""
    loose = [_body(name(k), COLUMNS, ROWS, MASS) for k in range(count)]
    loose += [_body(beam(k), BEAM_COLUMNS, BEAM_ROWS, BEAM_MASS) for k in range(beams)]
    return "".join(loose) + "".join(map(bins.mjcf, BINS))


def welds(count: int) -> str:
    """So many equalities, which hold nothing yet."""
    studs = "".join(
        f'<weld name="{weld(k)}" body1="{name(0)}" body2="{name(1)}" active="false" solref="0.012 1"/>'
        for k in range(count)
    )
    return f"<equality>{studs}</equality>"


def _body(called: str, columns: int, rows: int, mass: float) -> str:
    size, rgba = _half(columns, rows), numbers((*BEAM_RGB, 1.0))
    places = [
        (PITCH * (x - (columns - 1) / 2), PITCH * (y - (rows - 1) / 2), size[2] + STUD[2])
        for x in range(columns)
        for y in range(rows)
    ]
    studs = "".join(
        f'<geom class="look" type="box" size="{numbers(STUD)}" mass="0" rgba="{rgba}" pos="{numbers(at)}"/>'
        for at in places
    )
    return (
        f'<body name="{called}"><freejoint name="{called}"/>'
        f'<geom name="{called}" class="thing" type="box" size="{numbers(size)}" mass="{mass:g}" '
        f'rgba="{rgba}"/>'
        f"{studs}</body>"
    )
