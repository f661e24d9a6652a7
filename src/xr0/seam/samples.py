"""Training batches of one task. Batch k is a pure function of (seed, k)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch

from xr0.data.samples import Mix
from xr0.seam.robot import Robot, statistics
from xr0.transform import actions as layout
from xr0.types import Batch
from xr0_robot.executor.methods.vlash import rolled_forward
from xr0_robot.sims.seam.demonstrations import Demonstrations, record
from xr0_robot.sims.seam.tasks import TASKS

HORIZON = 30
"""Rows of a chunk: 0.6 s at 50 Hz."""

MOMENT = 0x5EA3
"""Keeps the choice of a moment apart from the noise that is drawn from the same seed."""

SHARED = 2**32
"""Added to a batch's number for what its samples draw together."""


@dataclass(frozen=True)
class How:
    """What samples show beside a moment and what follows it.

    mix: see `xr0.data.samples`. ahead: state and chunk are up to so many ticks later than what is read, the
    state as the command before has it (arXiv 2512.01031). corrections: the share of samples whose chunk
    begins with what an expert did before it noticed.
    """

    mix: Mix | None = None
    ahead: int = 0
    corrections: float = 0.0


@dataclass(frozen=True)
class Shown:
    """Demonstrations of a task, and the robot that they are of."""

    demonstrations: Demonstrations
    robot: Robot

    @staticmethod
    @cache
    def record(task: str, episodes: int) -> Shown:
        """Of seeds 0, 1, ...; kept by the process."""
        demonstrations = record(TASKS[task](), range(episodes), HORIZON)
        return Shown(demonstrations, Robot(task, statistics(task, demonstrations)))

    def batch(self, seed: int, k: int, size: int, how: How) -> Batch:
        """`size` samples."""
        seeds = np.random.default_rng([seed, k]).integers(2**62, size=size)
        drawn = [self._drawn(own, how) for own in seeds.tolist()]
        inputs, state = self.robot.read([each.read for each in drawn], [each.state for each in drawn])
        return Batch(
            inputs,
            state,
            torch.from_numpy(np.stack([each.actions for each in drawn])),
            self.robot.mask(size),
            torch.from_numpy(seeds),
            torch.tensor(SHARED * (seed + 1) + k),
            (f"{self.robot.task}, batch {k}",) * size,
            torch.tensor([each.committed for each in drawn]),
        )

    def _drawn(self, seed: int, how: How) -> _Drawn:
        """A moment, and the normalised chunk that follows it."""
        rng, shown = np.random.default_rng([MOMENT, seed]), self.demonstrations
        if rng.random() < how.corrections:
            here, committed = shown.corrections[rng.integers(len(shown.corrections))].tolist()
            read = shown.states[here]
            return _Drawn(
                read, read, self.robot.stats.normalize_actions(self._encoded(here, read)), committed
            )
        here, there = shown.starts[rng.integers(len(shown.starts), size=2)].tolist()
        read, later = shown.states[here], here + int(rng.integers(how.ahead + 1))
        state = read
        if later > here and later in shown.followed:
            state = rolled_forward(read, shown.commands[later - 1], self.robot.embodiment)
            here = later
        actions = self._encoded(here, state)
        if how.mix is not None:
            elsewhere = self._encoded(there, shown.states[there])
            actions = how.mix(actions, elsewhere, self.robot.embodiment, seed)
        return _Drawn(read, state, self.robot.stats.normalize_actions(actions), 0)

    def _encoded(self, start: int, state: np.ndarray) -> np.ndarray:
        """A chunk as the model sees it from a state, not normalised [t, d]."""
        shown = self.demonstrations
        commands = shown.commands[start : start + shown.horizon]
        return layout.encode_actions(commands, state, self.robot.embodiment)


@dataclass(frozen=True)
class _Drawn:
    """What is read and the state that it comes with, as measured [state_dim]; the chunk [t, d], and how many
    ticks of its beginning are not to be learnt."""

    read: np.ndarray
    state: np.ndarray
    actions: np.ndarray
    committed: int
