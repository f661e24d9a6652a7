"""How a scene is lit and shaded: drawn per episode, so that no exact colour can be learnt by heart."""

# MuJoCo is compiled and brings no type stubs.
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

import colorsys
from dataclasses import dataclass

import mujoco
import numpy as np

from xr0_robot.sims import scene

Range = tuple[float, float]


@dataclass(frozen=True)
class Look:
    """Ranges to draw from. A thing's colour strays in hue [turns] by a difference, in saturation and value by
    a factor, so that its name stays; `table` is a factor too. The lamp hangs within `lamp_spread` of `lamp`
    [m]; its light is `tint` times its brightness, each channel strayed by `stray`."""

    hue: Range
    saturation: Range
    value: Range
    table: Range
    lamp: scene.Vec3
    lamp_spread: scene.Vec3
    brightness: Range
    tint: scene.Vec3
    stray: Range
    ambient: Range
    headlight: Range


TRAINED = Look(
    hue=(-0.015, 0.015),
    saturation=(0.85, 1.05),
    value=(0.85, 1.15),
    table=(0.85, 1.05),
    lamp=scene.LAMP,
    lamp_spread=(0.5, 0.5, 0.3),
    brightness=(0.35, 0.55),
    tint=(1.0, 1.0, 1.0),
    stray=(0.94, 1.06),
    ambient=(0.25, 0.35),
    headlight=(0.15, 0.3),
)
"""What demonstrations look like."""

EVENING = Look(
    hue=(0.018, 0.028),
    saturation=(0.70, 0.82),
    value=(0.70, 0.82),
    table=(0.70, 0.82),
    lamp=(0.4, 1.2, 0.9),
    lamp_spread=(0.3, 0.3, 0.2),
    brightness=(0.60, 0.80),
    tint=(1.1, 0.9, 0.6),
    stray=(0.97, 1.03),
    ambient=(0.20, 0.24),
    headlight=(0.10, 0.14),
)
"""A warm, low lamp on the left of a dim room; of all ranges only the lamp's x overlaps with TRAINED's."""

WINDOW = Look(
    hue=(-0.028, -0.018),
    saturation=(1.08, 1.20),
    value=(1.18, 1.30),
    table=(1.08, 1.20),
    lamp=(0.4, -1.4, 1.2),
    lamp_spread=(0.3, 0.3, 0.2),
    brightness=(0.22, 0.32),
    tint=(0.7, 0.95, 1.25),
    stray=(0.97, 1.03),
    ambient=(0.37, 0.43),
    headlight=(0.32, 0.36),
)
"""A weak, cold window on the right of a bright room, and vivid things; outside TRAINED's ranges likewise."""


def light(model: mujoco.MjModel, rng: np.random.Generator, look: Look) -> None:
    """Draw the table's shade, the lamp and the headlight into `model`."""
    model.geom("table").rgba[:3] = np.minimum(np.array(scene.TABLE_RGB) * rng.uniform(*look.table), 1.0)
    lamp, headlight = model.light("lamp"), model.vis.headlight
    lamp.pos = np.array(look.lamp) + rng.uniform(-1.0, 1.0, size=3) * look.lamp_spread
    lamp.diffuse = rng.uniform(*look.brightness) * rng.uniform(*look.stray, size=3) * look.tint
    headlight.ambient[:] = rng.uniform(*look.ambient)
    headlight.diffuse[:] = rng.uniform(*look.headlight)


def shade(rgb: scene.Vec3, rng: np.random.Generator, look: Look) -> scene.Vec3:
    """A colour, strayed from `rgb`."""
    hue, saturation, value = colorsys.rgb_to_hsv(*rgb)
    return colorsys.hsv_to_rgb(
        (hue + rng.uniform(*look.hue)) % 1.0,
        min(1.0, saturation * rng.uniform(*look.saturation)),
        min(1.0, value * rng.uniform(*look.value)),
    )
