"""A benchmark's scripted expert where a policy stands: it checks an installation, and the way commands
take."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from xr0_robot.env import Env
from xr0_robot.sims import benchmark
from xr0_robot.sims.benchmark import Act, TaskEnv
from xr0_robot.types import Chunk, Observation


class ExpertPolicy:
    """The `Policy` of one episode: in every tick, the command for it. It acts by the simulator's state, so it
    has no look at the pictures it is sent."""

    action_horizon = 1
    max_prefix = 0

    def __init__(self, name: str, env: TaskEnv) -> None:
        self.embodiment = env.embodiment
        self._name, self._env = name, env
        self._act: Act | None = None

    def infer(self, observation: Observation, prefix: np.ndarray | None, seed: int | None) -> Chunk:
        """One row; the expert begins with the episode's first tick."""
        if self._act is None:
            self._act = benchmark.begin(self._name, self._env)
        return Chunk(self._act()[None], observation.time_s, self.embodiment.dt)


class Unseen:
    """The Env of an episode in which nobody looks: its first pictures are drawn, and shown again and again.
    Drawing takes as long as all else that an expert's tick does."""

    def __init__(self, env: Env) -> None:
        self.embodiment = env.embodiment
        self.reset, self.state, self.apply = env.reset, env.state, env.apply
        self.stop, self.success, self.close = env.stop, env.success, env.close
        self._observe = env.observe
        self._first: Observation | None = None

    def observe(self, instruction: str, time_s: float) -> Observation:
        """The first pictures, and the state now."""
        if self._first is None:
            self._first = self._observe(instruction, time_s)
        return replace(self._first, state=self.state(), instruction=instruction, time_s=time_s)
