"""Variants of the brick table: the one that training saw, and five that each change one thing beyond it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xr0_robot.sims.bricks import layout, paint, tasks
from xr0_robot.sims.bricks.things import Brick
from xr0_robot.sims.cameras import Displacement

DISTRACTORS = (Brick("purple", (0.42, 0.10, 0.62)), Brick("orange", (0.95, 0.42, 0.06)))
"""Bricks that no sentence names."""

REORDERED = (
    "in the {side} bin put the {colour} brick",
    "drop the {colour} cube into the {side} box",
    "the {colour} block belongs on the {side} in the container",
    "grab the {colour} brick and move it to the {side} bin",
)
"""Unseen sentences, of words that are all in `tasks.WORDINGS`."""

NEW_WORDS = (
    "please throw the {colour} brick into the {side} basket",
    "carry the {colour} toy over to the {side} tray",
    "i want the {colour} piece inside the {side} bin",
    "could you deliver the {colour} block to the crate on your {side}",
)
"""Unseen sentences, of which each has words that neither the sentences nor the questions of training have."""


@dataclass(frozen=True)
class Variant:
    """What differs from training; the defaults are training's.

    displaced: each camera, drawn per seed, None where they stay; perturb: the target moves once, when near.
    """

    wordings: tuple[str, ...] = tasks.WORDINGS
    looks: tuple[paint.Look, ...] = (paint.TRAINED,)
    displaced: Mapping[str, Displacement] | None = None
    bricks: tuple[Brick, ...] = layout.BRICKS
    perturb: bool = False


VARIANTS: Mapping[str, Variant] = {
    "trained": Variant(),
    "moved": Variant(perturb=True),
    "sentences": Variant(wordings=REORDERED + NEW_WORDS),
    "light": Variant(looks=(paint.EVENING, paint.WINDOW)),
    "camera": Variant(
        displaced={
            "base": Displacement(shift_m=(0.02, 0.05), turn_deg=(1.5, 3.0)),
            "wrist": Displacement(shift_m=(0.01, 0.02), turn_deg=(3.0, 6.0)),
        }
    ),
    "six": Variant(bricks=(*layout.BRICKS, *DISTRACTORS)),
}
"""By the names of `xr0_robot.worlds`."""
