"""The brick table through the real executor, with the scripted expert as the policy."""

import copy

import numpy as np
import pytest

pytest.importorskip("xr0_robot.sims.brick_table.env", reason="needs MuJoCo")

from xr0_robot.bench.rollout import Episode, rollout
from xr0_robot.executor.clock import VirtualClock
from xr0_robot.executor.inference import VirtualInference
from xr0_robot.executor.methods import Prefix, Synchronous
from xr0_robot.sims.brick_table.env import Options
from xr0_robot.sims.brick_table.expert import Expert, truth
from xr0_robot.sims.world import open_world
from xr0_robot.types import Chunk

pytestmark = pytest.mark.sim


class ExpertPolicy:
    """Plays the expert ahead on a copy of the world, going on with the mind it had at that row.

    Without a prefix the world must be frozen while it thinks: the ticks that have passed tell the row.
    """

    action_horizon = 20
    max_prefix = 6

    def __init__(self, env):
        self.embodiment = env.embodiment
        self._env = env
        self._rows, self._minds, self._tick = [], [], 0

    def infer(self, observation, prefix, seed):
        committed = [] if prefix is None else list(prefix)
        if committed:
            last = next(k for k, row in enumerate(self._rows) if (row == committed[-1]).all())
            expert = self._minds[last + 1]
        else:
            passed = self._env.tick - self._tick
            expert = self._minds[passed] if passed > 0 else Expert(self._env)
        world = copy.copy(self._env)
        world.data, world.options = copy.copy(self._env.data), Options()
        rows, minds = [], [expert]
        for k in range(self.action_horizon):
            rows.append(committed[k] if k < len(committed) else world.bring(expert.act(truth(world))))
            minds.append(copy.deepcopy(expert))
            world.apply(rows[-1])
        self._rows, self._minds, self._tick = rows, minds, self._env.tick
        return Chunk(np.stack(rows), observation.time_s, self.embodiment.dt)


def run(strategy, latency_s, seed, variant="trained", wrong=False, name="bricks"):
    world = open_world(name, variant)
    try:
        return world.env, rollout(
            world.env,
            Episode(seed, spoken=world.mislead(seed) if wrong else None),
            inference=VirtualInference(ExpertPolicy(world.env), latency_s),
            strategy=strategy,
            clock=VirtualClock(),
            limits=world.limits,
            time_limit_s=world.time_limit_s,
            settle_s=world.settle_s,
        )
    finally:
        world.env.close()


@pytest.mark.parametrize("strategy, latency_s", [(Synchronous(10), 0.0), (Prefix(10), 0.1)])
def test_the_expert_succeeds_through_the_executor(strategy, latency_s):
    _, result = run(strategy, latency_s, seed=11)
    assert result.success
    assert result.row()["refused_ticks"] == 0 and result.clamped_ticks == {}


@pytest.mark.parametrize("name", ["bricks_joints", "stacking"])
def test_so_it_does_with_other_joints_and_in_another_task(name):
    _, result = run(Prefix(10), 0.1, seed=11, name=name)
    assert result.success
    assert result.row()["refused_ticks"] == 0 and result.clamped_ticks == {}


def test_a_brick_that_is_moved_is_still_found():
    env, result = run(Prefix(10), 0.1, seed=12, variant="moved")
    assert env.perturbed_tick is not None
    assert result.success


def test_a_wrong_sentence_is_about_the_same_scene_but_asks_otherwise():
    _, result = run(Synchronous(10), 0.0, seed=13, wrong=True)
    assert result.spoken != result.instruction
    assert result.success, "the expert does not listen, so it does what is scored"
