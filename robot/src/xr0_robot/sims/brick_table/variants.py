"""What may be unlike training at a brick table, and the variants that fit every robot and task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xr0_robot.sims import shades
from xr0_robot.sims.brick_table import layout
from xr0_robot.sims.brick_table.things import Brick
from xr0_robot.sims.cameras import Displacement

DISTRACTORS = (Brick("purple", (0.42, 0.10, 0.62)), Brick("orange", (0.95, 0.42, 0.06)))
"""Bricks that no sentence names."""


@dataclass(frozen=True)
class Variant:
    """What differs from training; the defaults are training's.

    wordings: None for the family's own; displaced: each camera, drawn per seed, None where they stay;
    perturb: the target moves once, when near.
    """

    wordings: tuple[str, ...] | None = None
    looks: tuple[shades.Look, ...] = (shades.TRAINED,)
    displaced: Mapping[str, Displacement] | None = None
    bricks: tuple[Brick, ...] = layout.BRICKS
    perturb: bool = False


LOOKS_AND_THINGS: Mapping[str, Variant] = {
    "trained": Variant(),
    "moved": Variant(perturb=True),
    "light": Variant(looks=(shades.EVENING, shades.WINDOW)),
    "six": Variant(bricks=(*layout.BRICKS, *DISTRACTORS)),
}
"""By name."""
