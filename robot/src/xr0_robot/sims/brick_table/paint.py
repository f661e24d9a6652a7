"""How a brick table looks: shades and light drawn per episode."""

# MuJoCo is compiled and brings no type stubs.
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

import mujoco
import numpy as np

from xr0_robot.sims.brick_table import layout, things
from xr0_robot.sims.shades import TRAINED, Look, light, shade

PROP_GREYS = (0.06, 0.62, 0.95)
"""Black, grey and white: no instruction names them."""


def paint(
    model: mujoco.MjModel, bricks: tuple[things.Brick, ...], rng: np.random.Generator, look: Look = TRAINED
) -> None:
    """Draw colours and light into `model`."""
    for brick in bricks:
        model.geom(brick.name).rgba[:3] = shade(brick.rgb, rng, look)
    for prop in layout.PROPS:
        model.geom(prop.name).rgba[:3] = rng.choice(PROP_GREYS)
    light(model, rng, look)
