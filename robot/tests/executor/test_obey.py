"""Another author takes the robot for some ticks, with `obey`; the plan made before is never taken up."""

import numpy as np
import pytest

from xr0_robot.deadlines import Deadlines
from xr0_robot.executor.inference import VirtualInference
from xr0_robot.executor.loop import Executor
from xr0_robot.executor.methods import Prefix
from xr0_robot.executor.safety import Safety
from xr0_robot.executor.tick import InferenceFailed
from xr0_robot.limits import PlainLimit, PoseLimit
from xr0_robot.robots.mock import MockEnv
from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.types import Chunk

LIMITS = {
    "arm.pose": PoseLimit((-1e3,) * 3, (1e3,) * 3, speed_m_s=3.0, turn_rad_s=1e6),
    "arm.gripper": PlainLimit(-1.0, 1.0, rate=1e6, tolerance=0.1),
}
STANDING = np.zeros(7)


class StepPolicy:
    """x of a command is the tick of its observation, in steps of a millimetre."""

    embodiment = BRICKS
    action_horizon = 30
    max_prefix = 6

    def infer(self, observation, prefix, seed):
        rows = np.zeros((self.action_horizon, 7))
        rows[:, 0] = round(observation.time_s * 30) / 1000
        return Chunk(rows, observation.time_s, BRICKS.dt)


class Bench:
    def __init__(self, latency_s):
        self.env, self.now, self.observed = MockEnv(), 0, []
        inference = VirtualInference(StepPolicy(), latency_s)
        self.executor = Executor(inference, Prefix(10), Safety(BRICKS, LIMITS), STANDING, seed=0)

    def observe(self):
        self.observed.append(self.now)
        return self.env.observe("reach the mark", self.now / 30)

    def tick(self):
        done = self.executor.tick(self.now / 30, self.observe)
        self.now += 1
        return done

    def obey(self, action):
        done = self.executor.obey(action)
        self.now += 1
        return done


def aside(metres):
    return np.array([0.0, metres, 0, 0, 0, 0, 0])


def test_what_is_obeyed_is_sent_within_the_limits_and_counted_as_touch():
    bench = Bench(latency_s=0.0)
    bench.tick()
    done = bench.obey(aside(0.05))
    assert (done.tick, done.chunk, done.freshness, done.clamped) == (1, -1, "touch", ())
    assert done.command.tolist() == aside(0.05).tolist()
    far = bench.obey(aside(9.0))
    assert far.command == pytest.approx(aside(0.05 + 3.0 / 30))
    assert far.clamped == ("arm.pose speed",)
    refused = bench.obey(np.full(7, np.nan))
    assert refused.command.tolist() == far.command.tolist() == bench.executor.held().tolist()
    assert refused.refused is not None


def test_what_was_observed_before_is_never_executed_and_a_fresh_observation_is_asked_for():
    bench = Bench(latency_s=5 / 30)
    for _ in range(18):
        bench.tick()  # asked at 0, at 10: the second answer is there from 15 on
    assert bench.observed == [0, 10]
    for _ in range(3):
        bench.tick()
    assert bench.observed == [0, 10, 20]
    bench.obey(aside(0.02))
    ticks = [bench.tick() for _ in range(12)]
    held, after = ticks[:8], ticks[8:]
    # The answer under way, of tick 20, is void and waited for until 25; that to tick 25 comes at 30.
    assert all(t.freshness == "idle" and t.command.tolist() == aside(0.02).tolist() for t in held)
    assert bench.observed == [0, 10, 20, 25]
    assert all(t.freshness == "fresh" and t.command[0] == pytest.approx(0.025) for t in after)


def test_the_patience_for_an_answer_begins_anew_after_obeying():
    bench = Bench(latency_s=1e6)
    for _ in range(round(Deadlines().patience_s * 30)):
        bench.tick()
    bench.obey(STANDING)
    for _ in range(round(Deadlines().patience_s * 30)):
        bench.tick()
    with pytest.raises(InferenceFailed, match="no usable answer from the policy for 10 s"):
        for _ in range(2):
            bench.tick()


def test_a_delay_that_the_policy_s_prefix_covers_is_no_warning(caplog):
    bench = Bench(latency_s=6 / 30)
    for _ in range(60):
        bench.tick()
    assert not caplog.records


def test_the_tolerance_is_a_share_of_a_range_that_may_begin_below_zero():
    safety = Safety(BRICKS, LIMITS)
    safety.reset(np.array([0, 0, 0, 0, 0, 0, 1.0]))
    for wanted, clamped in ((1.19, ()), (1.21, ("arm.gripper range",))):
        verdict = safety.check(np.array([0, 0, 0, 0, 0, 0, wanted]))
        assert verdict.command[6] == 1.0
        assert verdict.clamped == clamped
