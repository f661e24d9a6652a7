"""A robot of the benchmark as its policy knows it: what it is, and the statistics of its demonstrations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from xr0.seam.model import READING_DIM
from xr0.transform import actions as layout
from xr0.transform.normalize import Stats
from xr0.types import VLMInputs
from xr0_robot.sims.seam.base import MODEL_DIM
from xr0_robot.sims.seam.demonstrations import Demonstrations
from xr0_robot.sims.seam.tasks import TASKS
from xr0_robot.types import Embodiment, Segment

FLOOR = 1e-3
"""No number that is used is taken to vary by less, in its own unit."""


@dataclass(frozen=True)
class Robot:
    """stats: of encoded chunks, and of states as they are measured. What the robot is told, and senses of
    that, is its state; everything else that it senses is read, a token each."""

    task: str
    stats: Stats

    @property
    def embodiment(self) -> Embodiment:
        """As the task has it."""
        return TASKS[self.task].embodiment

    @property
    def things(self) -> tuple[Segment, ...]:
        """What is read."""
        return self.embodiment.state_segments[1:]

    def read(
        self, read: Sequence[np.ndarray], states: Sequence[np.ndarray]
    ) -> tuple[VLMInputs, Float[Tensor, "b 1 s"]]:
        """Of measured states [state_dim] each: the readings in the one, and what a command sets in the
        other. They are the same but for a policy that is asked about a state to come."""
        size = self.embodiment.native_dim
        seen, own = self.stats.normalize_state(np.stack(read)), self.stats.normalize_state(np.stack(states))
        batch, things = len(seen), len(self.things)
        readings = np.zeros((batch, things, READING_DIM), np.float32)
        for place, thing in enumerate(self.things):
            readings[:, place, : thing.size] = seen[:, thing.native_slice]
        told = np.zeros((batch, 1, MODEL_DIM), np.float32)
        told[:, 0, :size] = own[:, :size]
        kinds = torch.arange(things).expand(batch, -1)
        flat = torch.from_numpy(readings.reshape(-1, READING_DIM))
        none = torch.zeros(0, 3, dtype=torch.long)
        return VLMInputs(kinds, torch.ones_like(kinds), flat, none), torch.from_numpy(told)

    def mask(self, batch: int) -> Float[Tensor, "b t d"]:
        """1 where the robot is told something."""
        return torch.from_numpy(self.stats.mask).expand(batch, -1, -1)


def statistics(task: str, shown: Demonstrations) -> Stats:
    """Of all chunks that can be drawn, and of the states where they start."""
    robot, states = TASKS[task].embodiment, shown.states[shown.starts]
    encoded = layout.encode_actions(shown.chunks(shown.starts), states, robot)
    told = np.arange(MODEL_DIM) < robot.native_dim
    return Stats(
        encoded.mean(0).astype(np.float32),
        np.where(told, np.maximum(encoded.std(0), FLOOR), 0.0).astype(np.float32),
        states.mean(0).astype(np.float32),
        np.maximum(states.std(0), FLOOR).astype(np.float32),
        fingerprint=f"{task}: {len(states)} chunks",
    )
