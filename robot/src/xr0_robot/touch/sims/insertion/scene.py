"""The key, the stand it is taken from, and the slot it belongs into, as a tactile shape and as MJCF."""

from __future__ import annotations

import math

from xr0_robot.sims.gripper import Pad
from xr0_robot.sims.six_joint_arm import TOOL_Z
from xr0_robot.touch.sensor.pads import COLUMNS, PITCH_MM, ROWS
from xr0_robot.touch.sensor.prisms import facing, rectangle
from xr0_robot.touch.sensor.shapes import Shape

HEAD_MM, BLADE_MM = (10.0, 4.0, 8.0), (8.0, 16.0, 14.0)
"""Of the key: thickness along the closing axis, width, height. The head fits between the pads;
the blade under it is thinner, so that they do not touch it."""

DEPTH_MM = BLADE_MM[2]
"""From the shoulder, the key's origin, to its lower end."""

KEY = Shape(
    "key",
    "key",
    (
        facing(rectangle(*HEAD_MM[1:]), HEAD_MM[0], z=HEAD_MM[2] / 2),
        facing(rectangle(*BLADE_MM[1:]), BLADE_MM[0], z=-BLADE_MM[2] / 2),
    ),
)
"""As the fingertips know it: x the closing axis, z up, the origin in the middle of the shoulder."""

KEY_KG = 0.03
"""As a brick."""

FLOOR_M = 0.010
"""Stand and slot have their floor at this height."""

WALL_M = 0.008
"""Thickness of their walls."""

STAND_PLAY_MM, STAND_HEIGHT_MM = 0.5, 6.0
"""The stand: gap on each side of the blade, and how much of it is enclosed."""

SLOT_PLAY_MM, SLOT_HEIGHT_MM = 0.3, 10.0
"""The slot: the same. No chamfer helps."""

STAND_RGB, SLOT_RGB, KEY_RGB = "0.35 0.37 0.42", "0.20 0.45 0.55", "0.85 0.55 0.15"

PAD = Pad(half_width=COLUMNS * PITCH_MM / 2e3, half_length=ROWS * PITCH_MM / 2e3, depth=TOOL_Z)
"""Fingers that end in a fingertip: as large as the array, and with the tool point in its middle."""


def furniture() -> str:
    """Bodies "key" (free), "stand" and "slot" (mocap)."""
    return (
        _key()
        + _socket("stand", STAND_PLAY_MM, STAND_HEIGHT_MM, STAND_RGB)
        + _socket("slot", SLOT_PLAY_MM, SLOT_HEIGHT_MM, SLOT_RGB)
    )


def _key() -> str:
    parts = (("head", HEAD_MM, 1), ("blade", BLADE_MM, -1))
    volume = sum(math.prod(size) for _, size, _ in parts)
    geoms = "".join(
        f'<geom name="key/{name}" class="thing" type="box" rgba="{KEY_RGB} 1" '
        f'size="{x / 2e3:g} {y / 2e3:g} {z / 2e3:g}" pos="0 0 {side * z / 2e3:g}" '
        f'mass="{KEY_KG * x * y * z / volume:g}"/>'
        for name, (x, y, z), side in parts
    )
    return f'<body name="key"><freejoint name="key"/>{geoms}</body>'


def _socket(name: str, play_mm: float, height_mm: float, rgb: str) -> str:
    """Four walls about the blade, on a floor."""
    a, b = (BLADE_MM[0] / 2 + play_mm) / 1e3, (BLADE_MM[1] / 2 + play_mm) / 1e3
    t, h = WALL_M / 2, (FLOOR_M + height_mm / 1e3) / 2
    walls = ((a + t, 0, t, b + WALL_M), (-a - t, 0, t, b + WALL_M), (0, b + t, a, t), (0, -b - t, a, t))
    boxes = "".join(
        f'<geom class="thing" type="box" pos="{x:g} {y:g} {h:g}" size="{half_x:g} {half_y:g} {h:g}" '
        f'rgba="{rgb} 1"/>'
        for x, y, half_x, half_y in walls
    )
    floor = (
        f'<geom class="thing" type="box" pos="0 0 {FLOOR_M / 2:g}" size="{a:g} {b:g} {FLOOR_M / 2:g}" '
        f'rgba="0.1 0.1 0.1 1"/>'
    )
    return f'<body name="{name}" mocap="true">{boxes}{floor}</body>'
