"""A robot at its work, without end: episode after episode of a world, as a member of a fleet."""

from __future__ import annotations

import itertools

from xr0_robot.bench.evaluate import Settings
from xr0_robot.bench.rollout import Episode, rollout
from xr0_robot.executor.inference import Policy
from xr0_robot.fleet.member import Member
from xr0_robot.sims.world import open_world


def work(policy: Policy, settings: Settings, member: Member) -> None:
    """Seeds first_seed, first_seed + 1, ... as long as there is help: a piece that fails waits for a person.

    What a person asks for is done in the next scene; where it cannot be, the robot says so and waits.
    """
    settings.strategy().check(policy)
    world = open_world(settings.world, settings.variant)
    clock, inference = settings.timing(policy)
    try:
        for seed in itertools.count(settings.first_seed):
            result = rollout(
                world.env,
                Episode(seed, member.take_order()),
                inference=inference,
                strategy=settings.strategy(),
                clock=clock,
                limits=world.limits,
                time_limit_s=world.time_limit_s,
                settle_s=world.settle_s,
                observer=member,
                estop=member.estop,
            )
            if not result.success and not member.ask_for_help(result.error or "not done in time"):
                return
    finally:
        inference.close()
        world.env.close()
