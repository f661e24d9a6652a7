"""The towel table as a world: how it is scored, and who demonstrates it."""

from __future__ import annotations

import numpy as np

from xr0_robot.sims.towels import expert, tasks
from xr0_robot.sims.towels.demonstrator import TowelDemonstrator
from xr0_robot.sims.towels.env import TowelTable
from xr0_robot.sims.towels.variants import VARIANTS
from xr0_robot.sims.two_arms.limits import LIMITS
from xr0_robot.sims.world import World

TIME_LIMIT_S = 120.0
"""A towel that takes longer is a failure: the published protocol."""

SETTLE_S = 0.5
"""A towel that slides off the stack was never on it."""

MISLEAD_STREAM = 0x70E1
"""Keeps the draw of a wrong sentence apart from the draws that throw the towel."""


def open_world(variant: str) -> World:
    """The table in one of `VARIANTS`, and how it is scored."""
    table = TowelTable(VARIANTS[variant])

    def mislead(seed: int) -> str:
        return tasks.another(np.random.default_rng([MISLEAD_STREAM, seed])).instruction

    return World(table, LIMITS, TIME_LIMIT_S, SETTLE_S, mislead, table.fulfilled)


def open_demonstrator() -> TowelDemonstrator:
    """The scripted expert on the table of training."""
    return TowelDemonstrator(TowelTable(VARIANTS["trained"]))


begin = expert.begin
"""The scripted expert at work, in an episode that was just reset."""
