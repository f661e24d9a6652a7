"""The brick table as a world: how it is scored, and who demonstrates it."""

from __future__ import annotations

import numpy as np

from xr0_robot.sims.bricks import tasks
from xr0_robot.sims.bricks.demonstrator import BricksDemonstrator
from xr0_robot.sims.bricks.env import BricksEnv
from xr0_robot.sims.bricks.limits import LIMITS
from xr0_robot.sims.bricks.variants import VARIANTS
from xr0_robot.sims.world import World

TIME_LIMIT_S = 10.0
"""Three times what the scripted expert needs: a policy that takes longer has lost its way."""

SETTLE_S = 0.5
"""A brick that rolls out of the bin was never in it."""

MISLEAD_STREAM = 0x5EED
"""Keeps the draw of a wrong sentence apart from the draws that lay the table."""


def open_world(variant: str) -> World:
    """The table in one of `VARIANTS`."""
    env = BricksEnv(VARIANTS[variant])

    def mislead(seed: int) -> str:
        env.reset(seed)
        rng = np.random.default_rng([MISLEAD_STREAM, seed])
        return tasks.another(env.target, rng, env.variant.wordings).instruction

    return World(env, LIMITS, TIME_LIMIT_S, SETTLE_S, mislead, env.fulfilled)


def open_demonstrator() -> BricksDemonstrator:
    """The scripted expert on the table of training."""
    return BricksDemonstrator()
