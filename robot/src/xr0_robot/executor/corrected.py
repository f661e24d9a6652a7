"""A policy elsewhere, and its correction head beside the robot."""

from __future__ import annotations

import numpy as np

from xr0_robot.executor.inference import Policy
from xr0_robot.executor.strategy import Correct
from xr0_robot.types import Chunk, Observation


class Corrected:
    """A `CorrectingPolicy` of a policy that is asked over a wire and a head that is at hand in every tick.

    The head reads `Chunk.features`, which a server sends with its answers where its policy has any.
    """

    def __init__(self, policy: Policy, head: Correct) -> None:
        self.embodiment = policy.embodiment
        self.action_horizon = policy.action_horizon
        self.max_prefix = policy.max_prefix
        self._policy = policy
        self._head = head

    def infer(self, observation: Observation, prefix: np.ndarray | None, seed: int | None) -> Chunk:
        """As the policy."""
        return self._policy.infer(observation, prefix, seed)

    def correct(self, observation: Observation, chunk: Chunk, row: int, command: np.ndarray) -> np.ndarray:
        """As the head."""
        return self._head(observation, chunk, row, command)
