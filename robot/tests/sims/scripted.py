"""A benchmark's scripted expert where a policy stands, for the tests of its adapter."""

import numpy as np

from xr0_robot.bench.rollout import Episode, rollout
from xr0_robot.executor.clock import VirtualClock
from xr0_robot.executor.inference import VirtualInference
from xr0_robot.executor.methods import Synchronous
from xr0_robot.sims import benchmark
from xr0_robot.types import Chunk, Observation


def opened(name, robot, look="plain"):
    """For a fixture: a way to open tasks of a benchmark, all closed in the end."""
    envs = []

    def open_task(task, robot=robot, look=look):
        envs.append(benchmark.open_env(name, task, robot, look))
        return envs[-1]

    yield open_task
    for env in envs:
        env.close()


class Expert:
    """The scripted expert as a policy, of whose commands something may be wrong."""

    action_horizon, max_prefix = 1, 0

    def __init__(self, name, env, wrong):
        self.embodiment = env.embodiment
        self._name, self._act, self._env, self._wrong = name, None, env, wrong

    def infer(self, observation, prefix, seed):
        self._act = self._act or benchmark.begin(self._name, self._env)
        return Chunk(self._wrong(self._act())[None], observation.time_s, self.embodiment.dt)


def succeeds(name, env, task, seed, wrong=lambda command: command, begin=None):
    """Whether the expert does the task through executor, limits and adapter. No picture is drawn."""
    blank = {camera.key: np.zeros((*camera.size, 3), np.uint8) for camera in env.embodiment.cameras}
    env.observe = lambda instruction, time_s: Observation(blank, env.state(), instruction, time_s)
    protocol = benchmark.open_protocol(name)
    result = rollout(
        env,
        Episode(seed),
        inference=VirtualInference(Expert(name, env, wrong), 0.0),
        strategy=Synchronous(1),
        clock=VirtualClock(),
        limits=protocol.limits,
        time_limit_s=protocol.task(task).ticks * env.embodiment.dt,
        begin=begin,
    )
    assert result.error is None
    return result.success
