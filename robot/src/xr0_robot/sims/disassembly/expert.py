"""The Lego table's scripted expert."""

from __future__ import annotations

from xr0_robot.sims.benchmark import Act
from xr0_robot.sims.disassembly.env import Disassembly
from xr0_robot.sims.lego.expert import Expert


def begin(env: Disassembly) -> Act:
    """In the episode that was just reset."""
    expert = Expert(env)
    return lambda: env.bring(expert.act())
