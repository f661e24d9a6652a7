"""A brick table as a world: how it is scored."""

from __future__ import annotations

import numpy as np

from xr0_robot.sims.brick_table.env import BrickTable
from xr0_robot.sims.world import World

TIME_LIMIT_S = 10.0
"""Three times what the scripted expert needs: a policy that takes longer has lost its way."""

SETTLE_S = 0.5
"""A brick that rolls out of the bin was never in it."""

MISLEAD_STREAM = 0x5EED
"""Keeps the draw of a wrong sentence apart from the draws that lay the table."""


def scored(table: BrickTable) -> World:
    """The world of a table."""

    def mislead(seed: int) -> str:
        table.reset(seed)
        rng = np.random.default_rng([MISLEAD_STREAM, seed])
        return table.family.another(table.target, rng, table.wordings).instruction

    return World(table, table.robot.limits, TIME_LIMIT_S, SETTLE_S, mislead, table.fulfilled)
