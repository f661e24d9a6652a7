"""A benchmark's scripted expert where a policy stands: it checks an installation, and the way commands
take."""

from __future__ import annotations

import numpy as np

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
