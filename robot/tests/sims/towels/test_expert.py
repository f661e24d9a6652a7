"""The scripted expert: it folds, within the limits, and makes good what goes wrong."""

import numpy as np
import pytest

from xr0_robot.executor.safety import Safety
from xr0_robot.sims.measure import run
from xr0_robot.sims.towels.demonstrator import TowelDemonstrator
from xr0_robot.sims.towels.env import Options
from xr0_robot.sims.towels.expert import Expert, begin
from xr0_robot.sims.towels.hands import truth
from xr0_robot.sims.two_arms.limits import LIMITS
from xr0_robot.sims.world import World


class Clamped:
    """Commands on their way through the limits, and how many of those changed one."""

    def __init__(self, table):
        self._safety, self._table, self.ticks = Safety(table.embodiment, LIMITS), table, None

    def __call__(self, command):
        if self.ticks is None:
            self._safety.reset(self._table.state())
            self.ticks = 0
        verdict = self._safety.check(command)
        self.ticks += bool(verdict.clamped) or verdict.refused is not None
        return verdict.command


@pytest.mark.slow
@pytest.mark.parametrize("seed", [500_000, 500_002, 500_005])
def test_it_folds_and_stacks_within_the_limits(table, seed):
    table.options, limits = Options(), Clamped(table)
    world = World(table, LIMITS, 120.0, 0.5, lambda seed: "no", table.fulfilled)

    def limited():
        act = begin(table)
        return lambda: limits(act())

    row = run(world, seed, limited)
    assert row["success"] and row["time_s"] < 120 and limits.ticks == 0


def test_it_takes_a_corner_within_the_limits(table):
    table.options = Options()
    table.reset(500_002)
    expert, limits = Expert(table), Clamped(table)
    for _ in range(75):
        table.apply(limits(table.bring(expert.act(truth(table)))))
    assert limits.ticks == 0
    assert sum(held.size > 0 for held in table.held().values()) == 1


def test_a_demonstration_is_its_seed(table):
    demonstrator = TowelDemonstrator(table)

    def first_second(seed):
        instruction, special = demonstrator.begin(seed)
        rows = []
        for _ in range(30):
            command = demonstrator.act()
            rows.append((*command, demonstrator.meant()))
            table.apply(command + demonstrator.disturbance())
        return instruction, dict(special), np.array(rows)

    one, again = first_second(500_003), first_second(500_003)
    assert one[:2] == again[:2] and np.array_equal(one[2], again[2])
    assert demonstrator.numbers()["observation.environment_state"].shape == (6,)
    table.options = Options()
