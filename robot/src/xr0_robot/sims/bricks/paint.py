"""How a scene looks: shades and light drawn per episode, so that no exact colour can be learnt by heart."""

# MuJoCo is compiled and brings no type stubs.
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

import colorsys

import mujoco
import numpy as np

from xr0_robot.sims import scene
from xr0_robot.sims.bricks import layout

PROP_GREYS = (0.06, 0.62, 0.95)
"""Black, grey and white: no instruction names them."""

HUE, SATURATION, VALUE = 0.015, (0.85, 1.05), (0.85, 1.15)
"""How far a brick's colour strays, hue [turns] by a difference, the others by a factor; its name stays."""

LAMP_SHIFT = (0.5, 0.5, 0.3)
"""The lamp hangs within this of its usual place [m]."""


def paint(model: mujoco.MjModel, rng: np.random.Generator) -> None:
    """Draw colours and light into `model`."""
    for brick in layout.BRICKS:
        model.geom(brick.name).rgba[:3] = _shade(brick.rgb, rng)
    for prop in layout.PROPS:
        model.geom(prop.name).rgba[:3] = rng.choice(PROP_GREYS)
    model.geom("table").rgba[:3] = np.array(scene.TABLE_RGB) * rng.uniform(0.85, 1.05)
    lamp, headlight = model.light("lamp"), model.vis.headlight
    lamp.pos = np.array(scene.LAMP) + rng.uniform(-1.0, 1.0, size=3) * LAMP_SHIFT
    lamp.diffuse = rng.uniform(0.35, 0.55) * rng.uniform(0.94, 1.06, size=3)
    headlight.ambient[:] = rng.uniform(0.25, 0.35)
    headlight.diffuse[:] = rng.uniform(0.15, 0.3)


def _shade(rgb: scene.Vec3, rng: np.random.Generator) -> scene.Vec3:
    hue, saturation, value = colorsys.rgb_to_hsv(*rgb)
    return colorsys.hsv_to_rgb(
        (hue + rng.uniform(-HUE, HUE)) % 1.0,
        min(1.0, saturation * rng.uniform(*SATURATION)),
        min(1.0, value * rng.uniform(*VALUE)),
    )
