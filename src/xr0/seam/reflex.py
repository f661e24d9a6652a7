"""The reflex: between two chunks, each command is moved to what the policy itself would say now.

a_t = base + S(f(o_t, base))          S(c) = c max(0, 1 - DEAD_ZONE / |c|)

f is a small network, distilled: it learns the difference between a row of an older chunk and the first row of
an answer to now's observation, with the same noise. So it needs no expert, and learns from every moment, also
where the surprise falls between the two.

Two things make it more than A2C2 (arXiv 2509.23224). The dead zone: a policy's first row is a little off,
and to be led by it in every tick adds that up, where a chunk's later rows have it made good; what is small is
left to the chunk. And f is not told the row: where the chunks of a damped seam meet, the command goes on as
it was and so does its correction.
"""

from __future__ import annotations

import math

import numpy as np

from xr0.seam.checkpoint import SeamCheckpoint
from xr0.seam.correction import ROWS, Corrector, Head, answers, features, scale
from xr0.seam.policy import SeamPolicy
from xr0_robot.sims.seam.demonstrations import Demonstrations
from xr0_robot.types import Chunk, Observation

DEAD_ZONE = 0.06
"""Corrections up to this are none, in units of `correction.scale`."""

LATER = 8
"""Moments, within the rows of a chunk, at which the policy is asked anew."""

COPIES, ASIDE = 3, 0.2
"""Each row is learnt so many times more, moved aside by up to so much (standard deviation, in units of
`correction.scale`): where a seam is damped, and where the last command was corrected, no chunk would be."""


class ReflexPolicy(SeamPolicy):
    """A policy and its reflex."""

    def __init__(self, checkpoint: SeamCheckpoint, head: Head) -> None:
        super().__init__(checkpoint)
        self._head = head

    def correct(self, observation: Observation, chunk: Chunk, row: int, command: np.ndarray) -> np.ndarray:
        """What to send instead of the `command` that is planned."""
        change = self._head(features(self.robot, observation.state, command))
        return command + beyond(change, DEAD_ZONE) * scale(self.robot)


def beyond(change: np.ndarray, dead_zone: float) -> np.ndarray:
    """What of a vector [n] is longer than the dead zone, the same way."""
    length = math.sqrt(float(change @ change))
    return change * (1.0 - dead_zone / length) if length > dead_zone else np.zeros_like(change)


def _asked_anew(
    checkpoint: SeamCheckpoint, shown: Demonstrations, chunks: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """From answers of the policy in the demonstrations: some rows of each, and what it says in their tick."""
    policy, rng = SeamPolicy(checkpoint), np.random.default_rng(seed)
    starts = rng.choice(np.flatnonzero(shown.left >= ROWS), chunks)
    rows = rng.integers(ROWS, size=(chunks, LATER))
    stale = answers(policy, shown.states[starts], starts)[np.arange(chunks)[:, None], rows]
    states = shown.states[starts[:, None] + rows]
    fresh = answers(policy, states.reshape(-1, states.shape[-1]), np.repeat(starts, LATER))[:, 0]
    unit = scale(checkpoint.robot)
    aside = rng.normal(size=(COPIES, *stale.shape)) * rng.uniform(0, ASIDE, (COPIES, chunks, LATER, 1)) * unit
    commands = np.concatenate([stale[None], stale + aside])
    given = features(checkpoint.robot, np.broadcast_to(states, (len(commands), *states.shape)), commands)
    change = (fresh.reshape(stale.shape) - commands) / unit
    return given.reshape(-1, given.shape[-1]), change.reshape(-1, change.shape[-1]).astype(np.float32)


REFLEX_HEAD = Corrector("reflex", _asked_anew, ReflexPolicy)
