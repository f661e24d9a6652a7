"""Variants of the brick table: the one that training saw, and five that each change one thing beyond it."""

from __future__ import annotations

from collections.abc import Mapping

from xr0_robot.sims.brick_table import sorting
from xr0_robot.sims.brick_table.variants import LOOKS_AND_THINGS, Variant
from xr0_robot.sims.cameras import Displacement

VARIANTS: Mapping[str, Variant] = {
    **LOOKS_AND_THINGS,
    "sentences": Variant(wordings=sorting.REORDERED + sorting.NEW_WORDS),
    "camera": Variant(
        displaced={
            "base": Displacement(shift_m=(0.02, 0.05), turn_deg=(1.5, 3.0)),
            "wrist": Displacement(shift_m=(0.01, 0.02), turn_deg=(3.0, 6.0)),
        }
    ),
}
"""By the names of `xr0_robot.worlds`."""
