"""Variants of the Lego table: the one that training saw, other assemblies, and what is unlike training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xr0_robot.sims import shades
from xr0_robot.sims.lego.trials import SIZES


@dataclass(frozen=True)
class Variant:
    """What differs from training; the defaults are training's.

    sizes: bricks of each assembly; only: share of episodes that ask for one colour; stolen: a brick is taken
    out of a hand once.
    """

    sizes: tuple[int, ...] = (10,)
    only: float = 0.25
    looks: tuple[shades.Look, ...] = (shades.TRAINED,)
    stolen: bool = False


VARIANTS: Mapping[str, Variant] = {
    "trained": Variant(),
    "stolen": Variant(stolen=True),
    "light": Variant(looks=(shades.EVENING, shades.WINDOW)),
    **{name: Variant(sizes=sizes, only=0.0) for name, sizes in SIZES.items()},
}
"""By the names of `xr0_robot.worlds`."""
