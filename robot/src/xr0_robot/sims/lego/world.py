"""The Lego table as a world: how it is scored, and who demonstrates it."""

from __future__ import annotations

import numpy as np

from xr0_robot.sims.lego import expert, tasks
from xr0_robot.sims.lego.demonstrator import LegoDemonstrator
from xr0_robot.sims.lego.env import LegoTable
from xr0_robot.sims.lego.trials import SECONDS_PER_BRICK, SETTLE_S
from xr0_robot.sims.lego.variants import VARIANTS
from xr0_robot.sims.two_arms.limits import LIMITS
from xr0_robot.sims.world import World

MISLEAD_STREAM = 0x1E60
"""Keeps the draw of a wrong sentence apart from the draws that build the assemblies."""


def open_world(variant: str) -> World:
    """The table in one of `VARIANTS`, and how it is scored."""
    table = LegoTable(VARIANTS[variant])

    def mislead(seed: int) -> str:
        table.reset(seed)
        return tasks.another(table.task, np.random.default_rng([MISLEAD_STREAM, seed])).instruction

    return World(table, LIMITS, SECONDS_PER_BRICK * table.count, SETTLE_S, mislead, table.fulfilled)


def open_demonstrator() -> LegoDemonstrator:
    """The scripted expert on the table of training."""
    return LegoDemonstrator(LegoTable(VARIANTS["trained"]))


begin = expert.begin
"""The scripted expert at work, in an episode that was just reset."""
