"""The towel table's scripted expert, towel after towel."""

from __future__ import annotations

from xr0_robot.sims.benchmark import Act
from xr0_robot.sims.half_hour.env import HalfHour
from xr0_robot.sims.towels.expert import Expert
from xr0_robot.sims.towels.hands import truth


def begin(env: HalfHour) -> Act:
    """It goes on as the towels come."""
    expert = Expert(env)
    return lambda: env.bring(expert.act(truth(env)))
