"""The simulated worlds by name, each with what a bench needs beside the Env."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from xr0_robot import worlds
from xr0_robot.env import Env
from xr0_robot.limits import Limits
from xr0_robot.sims.bricks.limits import LIMITS as BRICKS_LIMITS

MISLEAD_STREAM = 0x5EED
"""Keeps the draw of a wrong sentence apart from the draws that lay the table."""


@dataclass(frozen=True)
class World:
    """An Env and its limits; `mislead`: a seed to a sentence that fits its scene but asks otherwise;
    `fulfilled`: whether what a sentence asks for is so now, whichever is scored."""

    env: Env
    limits: Limits
    mislead: Callable[[int], str]
    fulfilled: Callable[[str], bool]


def open_world(name: str, variant: str) -> World:
    """Open one of `xr0_robot.worlds`; ValueError for another, RuntimeError where its simulator is missing."""
    worlds.check(name, variant)
    try:
        from xr0_robot.sims.bricks import env as bricks  # noqa: PLC0415 (a body without a simulator need not have it)
        from xr0_robot.sims.bricks import tasks, variants  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise RuntimeError(f"world bricks: {error}; install it: pip install 'xr0-robot[sim]'") from error
    env = bricks.BricksEnv(variants.VARIANTS[variant])

    def mislead(seed: int) -> str:
        env.reset(seed)
        rng = np.random.default_rng([MISLEAD_STREAM, seed])
        return tasks.another(env.target, rng, env.variant.wordings).instruction

    return World(env, BRICKS_LIMITS, mislead, env.fulfilled)
