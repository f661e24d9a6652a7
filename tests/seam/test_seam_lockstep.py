"""Many robots in one process do what each would do alone."""

import numpy as np
import pytest

from xr0.seam.checkpoint import SeamCheckpoint
from xr0.seam.lockstep import Run, Timing
from xr0.seam.policy import SeamPolicy
from xr0_robot.bench.rollout import Episode, rollout
from xr0_robot.executor.clock import VirtualClock
from xr0_robot.executor.inference import VirtualInference
from xr0_robot.executor.jitter import JITTERS
from xr0_robot.executor.latency import Quantile
from xr0_robot.executor.methods import Naive, Prefix, Synchronous
from xr0_robot.sims.seam.intercept import Intercept
from xr0_robot.types import Chunk, Observation

SEEDS = range(500_000, 500_003)


class Follower:
    """Straight to the puck at an even pace, from the end of the prefix: it needs no training."""

    embodiment = Intercept.embodiment
    action_horizon, max_prefix = 30, 6

    def infer(self, observation: Observation, prefix: np.ndarray | None, seed: int | None) -> Chunk:
        rows = [] if prefix is None else list(prefix)
        place = rows[-1] if rows else observation.state[:2]
        while len(rows) < 30:
            puck = observation.state[4:6] + observation.state[6:8] * (len(rows) + 1) * 0.02
            way = puck - place
            place = place + way * min(1.0, 0.016 / max(float(np.linalg.norm(way)), 1e-9))
            rows.append(place)
        return Chunk(np.stack(rows), observation.time_s, 0.02)

    def answer(self, requests) -> list[Chunk]:
        return [self.infer(r.observation, r.prefix, r.seed) for r in requests]


def run(delay: int, strategy=None, regime: str = "steady", policy=None) -> Run:
    timing = Timing(delay * 0.02, JITTERS[regime], Quantile())
    return Run(Intercept, policy or Follower(), strategy or Prefix(10), timing)


@pytest.mark.parametrize(("delay", "regime"), [(0, "steady"), (4, "steady"), (6, "lognormal"), (6, "spikes")])
def test_each_robot_does_what_the_episode_loop_does_alone(delay: int, regime: str) -> None:
    """The slow twin: one robot, the package's only episode loop, inference on its virtual clock."""
    together = run(delay, regime=regime).episodes(SEEDS)
    for trace in together:
        world = Intercept()
        alone = rollout(
            world,
            Episode(trace.seed),
            inference=VirtualInference(Follower(), delay * 0.02, JITTERS[regime]),
            strategy=Prefix(10),
            clock=VirtualClock(),
            limits=world.limits,
            time_limit_s=world.time_limit_s,
            settle_s=world.settle_s,
            delay=Quantile(),
        )
        shared = len(trace.commands)  # the loop alone does not stop where all is lost
        assert np.array_equal([tick.command for tick in alone.ticks[:shared]], trace.commands)
        assert np.array_equal([tick.chunk for tick in alone.ticks[:shared]], trace.chunks)
        assert alone.success == (trace.finish is not None)


def test_many_answers_of_the_real_policy_together_are_those_of_each_alone(untrained: SeamCheckpoint) -> None:
    policy = SeamPolicy(untrained)
    together = run(4, policy=policy).twins(SEEDS, after=3)
    for seed, trace in zip(SEEDS, together, strict=True):
        alone = run(4, policy=policy).twins([seed], after=3)[0]
        assert np.allclose(alone.commands, trace.commands, atol=1e-5)


def test_the_world_waits_for_nobody_but_at_no_latency_at_all() -> None:
    waiting, frozen = (run(delay, Synchronous(10)).episodes(SEEDS)[0].chunks for delay in (6, 0))
    assert (frozen >= 0).all()
    assert waiting[:32].tolist() == [-1] * 6 + [0] * 10 + [-1] * 6 + [1] * 10


def test_a_policy_that_sees_the_surprise_reacts_when_its_chunk_comes() -> None:
    """Asked every 10 ticks from tick 0 and answered 4 ticks later."""
    episodes, twins = run(4, Naive(10)).episodes(SEEDS), run(4, Naive(10)).twins(SEEDS, after=30)
    for mine, other in zip(episodes, twins, strict=True):
        differs = np.flatnonzero(
            (mine.commands[: len(other.commands)] != other.commands[: len(mine.commands)]).any(1)
        )
        asked = next(tick for tick in range(0, 200, 10) if tick >= mine.visible)
        assert differs[0] == asked + 4


def test_a_twin_ends_soon_after_the_surprise_that_it_does_not_have() -> None:
    for trace in run(0).twins(SEEDS, after=7):
        assert len(trace.commands) == trace.visible + 7 or trace.finish is not None
