"""RT-Seam's worlds by name."""

from __future__ import annotations

from collections.abc import Mapping

from xr0_robot.sims.seam.balance import Balance
from xr0_robot.sims.seam.base import SeamWorld
from xr0_robot.sims.seam.gate import Gate
from xr0_robot.sims.seam.intercept import Intercept
from xr0_robot.sims.seam.push import Push
from xr0_robot.sims.seam.reach_jump import ReachJump

TASKS: Mapping[str, type[SeamWorld]] = {
    task.name: task for task in (ReachJump, Intercept, Balance, Gate, Push)
}
"""In the order of every table."""
