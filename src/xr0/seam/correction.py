"""Correction heads: small networks that run in every tick. The first is A2C2's (arXiv 2509.23224):

a_t = base_k + f(o_t, base_k, k)          base_k: row k of the chunk that was planned by an older observation

It learns what is missing to the expert's command.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from torch import nn

from xr0.seam.checkpoint import SeamCheckpoint
from xr0.seam.policy import SeamPolicy
from xr0.seam.robot import Robot
from xr0_robot.executor.inference import Request
from xr0_robot.executor.strategy import EXECUTE_HORIZON
from xr0_robot.sims.seam.demonstrations import Demonstrations
from xr0_robot.types import Chunk, Observation

HIDDEN = 96
"""Width of its two hidden layers."""

ROWS = 28
"""Rows of a chunk that it learns to correct: none behind them is executed, at the longest delay."""

BATCH, RATE = 512, 2e-3
"""Of its training."""


@dataclass(frozen=True)
class Head:
    """weights: of three linear maps, [out, in + 1] each with the bias last; to be applied in numpy, which is
    quicker for one robot's numbers than a framework."""

    weights: tuple[np.ndarray, ...]

    def __call__(self, given: np.ndarray) -> np.ndarray:
        """float32 [..., in] to [..., native_dim]."""
        x = given
        for weight in self.weights[:-1]:
            x = np.maximum(x @ weight[:, :-1].T + weight[:, -1], 0.0)
        return x @ self.weights[-1][:, :-1].T + self.weights[-1][:, -1]

    def save(self, path: Path) -> None:
        """All of it."""
        draft = path.with_name(path.name + ".part")
        save_file({str(i): weight for i, weight in enumerate(self.weights)}, draft)
        draft.replace(path)

    @staticmethod
    def load(path: Path) -> Head:
        """As saved."""
        stored = load_file(path)
        return Head(tuple(stored[str(i)] for i in range(len(stored))))


@dataclass(frozen=True)
class Corrector:
    """A kind of head. pairs: of a checkpoint, its demonstrations, how many chunks and a seed, what the head
    is given and what it is to answer, float32 [n, in] and [n, native_dim]; policy: a checkpoint and its
    head."""

    name: str
    pairs: Callable[[SeamCheckpoint, Demonstrations, int, int], tuple[np.ndarray, np.ndarray]]
    policy: Callable[[SeamCheckpoint, Head], SeamPolicy]

    @property
    def file(self) -> str:
        """Beside the checkpoint that it corrects."""
        return f"head_{self.name}.safetensors"

    def train(
        self, checkpoint: SeamCheckpoint, shown: Demonstrations, chunks: int, steps: int, seed: int
    ) -> Head:
        """Of this kind, for a checkpoint."""
        return fitted(*self.pairs(checkpoint, shown, chunks, seed), steps, seed)


class CorrectedPolicy(SeamPolicy):
    """A policy and its head."""

    def __init__(self, checkpoint: SeamCheckpoint, head: Head) -> None:
        super().__init__(checkpoint)
        self._head = head

    def correct(self, observation: Observation, chunk: Chunk, row: int, command: np.ndarray) -> np.ndarray:
        """What to send instead of the `command` that is planned."""
        given = with_row(features(self.robot, observation.state, command), row)
        return command + self._head(given) * scale(self.robot)


def scale(robot: Robot) -> np.ndarray:
    """The unit of corrections [native_dim]: how far commands get within EXECUTE_HORIZON ticks."""
    return robot.stats.action_std[EXECUTE_HORIZON, : robot.embodiment.native_dim]


def features(robot: Robot, states: np.ndarray, commands: np.ndarray) -> np.ndarray:
    """What a head is given, float32 [..., in]: states [..., state_dim] of now and commands [..., native_dim]
    that were planned for now."""
    own = robot.stats.normalize_state(states)
    way = (commands - states[..., : robot.embodiment.native_dim]) / scale(robot)
    return np.concatenate([own, way.astype(np.float32)], axis=-1)


def with_row(given: np.ndarray, rows: np.ndarray | int) -> np.ndarray:
    """And the rows [...] of the chunk that the commands are."""
    row = np.broadcast_to(np.asarray(rows, np.float32) / ROWS, given.shape[:-1])
    return np.concatenate([given, row[..., None]], axis=-1)


def fitted(given: np.ndarray, wanted: np.ndarray, steps: int, seed: int) -> Head:
    """By least squares."""
    x, y = torch.from_numpy(given), torch.from_numpy(wanted)
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Linear(x.shape[1], HIDDEN),
        nn.ReLU(),
        nn.Linear(HIDDEN, HIDDEN),
        nn.ReLU(),
        nn.Linear(HIDDEN, y.shape[1]),
    )
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        rows = torch.randint(len(x), (BATCH,))
        nn.functional.mse_loss(net(x[rows]), y[rows]).backward()
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
    layers = [layer for layer in net if isinstance(layer, nn.Linear)]
    return Head(tuple(torch.cat([la.weight, la.bias[:, None]], dim=1).detach().numpy() for la in layers))


def answers(policy: SeamPolicy, states: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """Chunks [n, horizon, native_dim] for states [n, state_dim], each with its seed's noise."""
    asked = [
        Request(Observation({}, state, "learn", 0.0), None, int(seed), 0)
        for state, seed in zip(states, seeds, strict=True)
    ]
    parts = [policy.answer(asked[first : first + BATCH]) for first in range(0, len(asked), BATCH)]
    return np.stack([chunk.actions for part in parts for chunk in part])


def _missing_to_the_expert(
    checkpoint: SeamCheckpoint, shown: Demonstrations, chunks: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """From answers of the policy in the demonstrations: every row of each, and the expert's command of that
    tick."""
    robot, rng = checkpoint.robot, np.random.default_rng(seed)
    starts = rng.choice(shown.starts, chunks)
    planned = answers(SeamPolicy(checkpoint), shown.states[starts], starts)[:, :ROWS]
    now = starts[:, None] + np.arange(ROWS)
    given = with_row(features(robot, shown.states[now], planned), np.arange(ROWS)[None])
    missing = (shown.commands[now] - planned) / scale(robot)
    return given.reshape(-1, given.shape[-1]), missing.reshape(-1, missing.shape[-1]).astype(np.float32)


A2C2_HEAD = Corrector("a2c2", _missing_to_the_expert, CorrectedPolicy)
