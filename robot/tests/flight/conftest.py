"""Episodes of the mock robot as rough as they come, recorded."""

import numpy as np
import pytest

from xr0_robot.bench.rollout import Episode, rollout
from xr0_robot.deadlines import Deadlines
from xr0_robot.executor.clock import VirtualClock
from xr0_robot.executor.inference import VirtualInference
from xr0_robot.executor.methods import Prefix
from xr0_robot.flight.recorder import open_recorder
from xr0_robot.robots.mock import LIMITS, MockEnv, MockPolicy

DEADLINES = Deadlines(max_lag_s=0.5, coast_s=0.2, patience_s=5.0)


class Rough(VirtualInference):
    """Latencies scatter and spike, some answers never come, and every command is shaken."""

    def __init__(self, policy, seed):
        super().__init__(policy, 0.0)
        self._rng = np.random.default_rng(seed)

    def start(self, request, now_s):
        self._latency_s = float(self._rng.lognormal(np.log(0.12), 0.6))
        if self._rng.random() < 0.2:
            raise ConnectionResetError("ws://brain: connection lost")
        super().start(request, now_s)

    def poll(self, now_s):
        reply = super().poll(now_s)
        if reply is not None:
            reply.chunk.actions[:] += self._rng.normal(0, 0.05, reply.chunk.actions.shape)
        return reply


class Able(MockPolicy):
    """Does what any method needs."""

    guidance = ("gradient", "ramp")

    def infer_guided(self, observation, guide, seed):
        return self.infer(observation, guide.rows[: guide.delay], seed)

    def correct(self, observation, chunk, row, command):
        return command + 0.1 * (observation.state - chunk.actions[row])


class Farther(MockEnv):
    """Never there, so that episodes are long; the clock stumbles."""

    def __init__(self, clock):
        super().__init__()
        self._clock, self._rng = clock, np.random.default_rng(0)

    def apply(self, action):
        super().apply(action)
        if self._rng.random() < 0.05:
            self._clock.sleep_until(self._clock.now() + self._rng.uniform(0, 0.7))

    def success(self):
        return False


@pytest.fixture
def fly(tmp_path):
    """Record an episode; returns its result and its recorder."""

    def run(
        strategy=None, seed=3, time_limit_s=4.0, budget_bytes=2**22, observer=None, drive=None, estop=None
    ):
        clock = VirtualClock()
        env = Farther(clock)
        recorder = observer or open_recorder(tmp_path / "log", budget_bytes)
        result = rollout(
            env,
            Episode(seed),
            inference=Rough(Able(env), seed),
            strategy=strategy or Prefix(10),
            clock=clock,
            limits=LIMITS,
            deadlines=DEADLINES,
            time_limit_s=time_limit_s,
            observer=recorder,
            estop=estop,
            **({} if drive is None else {"drive": drive}),
        )
        return result, recorder

    run.log = tmp_path / "log"
    return run
