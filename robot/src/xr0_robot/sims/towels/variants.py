"""What may be unlike training at the towel table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xr0_robot.sims import shades


@dataclass(frozen=True)
class Variant:
    """What differs from training; the defaults are training's. perturb: the towel is snatched away or turned
    over once."""

    looks: tuple[shades.Look, ...] = (shades.TRAINED,)
    perturb: bool = False


VARIANTS: Mapping[str, Variant] = {
    "trained": Variant(),
    "moved": Variant(perturb=True),
    "light": Variant(looks=(shades.EVENING, shades.WINDOW)),
}
"""By the names of `xr0_robot.worlds`."""
