"""Edges as a world: the brick table's first robot and another kind of task."""

from __future__ import annotations

from xr0_robot.sims.brick_table import expert
from xr0_robot.sims.brick_table.demonstrator import BrickDemonstrator
from xr0_robot.sims.brick_table.env import BrickTable
from xr0_robot.sims.brick_table.variants import LOOKS_AND_THINGS
from xr0_robot.sims.brick_table.world import scored
from xr0_robot.sims.bricks.robot import ROBOT
from xr0_robot.sims.edges.family import EdgeFamily
from xr0_robot.sims.world import World


def open_table(variant: str) -> BrickTable:
    """The table in one of its variants."""
    return BrickTable(ROBOT, EdgeFamily(), LOOKS_AND_THINGS[variant])


def open_world(variant: str) -> World:
    """The table and how it is scored."""
    return scored(open_table(variant))


def open_demonstrator() -> BrickDemonstrator:
    """The scripted expert on the table of training."""
    return BrickDemonstrator(open_table("trained"))


begin = expert.begin
"""The scripted expert at work, in an episode that was just reset."""
