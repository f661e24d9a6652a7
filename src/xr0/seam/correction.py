"""A correction head (A2C2, arXiv 2509.23224): a small network that runs in every tick.

a_t = base_k + f(o_t, base_k, k)          base_k: row k of the chunk that was planned by an older observation
"""

from __future__ import annotations

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


class CorrectedPolicy(SeamPolicy):
    """A policy and its head."""

    def __init__(self, checkpoint: SeamCheckpoint, head: Head) -> None:
        super().__init__(checkpoint)
        self._head = head

    def correct(self, observation: Observation, chunk: Chunk, row: int, command: np.ndarray) -> np.ndarray:
        """What to send instead of the `command` that is planned."""
        given = features(self.robot, observation.state, command, row)
        return command + self._head(given) * scale(self.robot)


def scale(robot: Robot) -> np.ndarray:
    """The unit of corrections [native_dim]: how far commands get within EXECUTE_HORIZON ticks."""
    return robot.stats.action_std[EXECUTE_HORIZON, : robot.embodiment.native_dim]


def features(robot: Robot, states: np.ndarray, commands: np.ndarray, rows: np.ndarray | int) -> np.ndarray:
    """What the head is given, float32 [..., in]: states [..., state_dim] of now, commands [..., native_dim]
    that were planned for now, and their rows."""
    own = robot.stats.normalize_state(states)
    way = (commands - states[..., : robot.embodiment.native_dim]) / scale(robot)
    row = np.broadcast_to(np.asarray(rows, np.float32) / ROWS, states.shape[:-1])
    return np.concatenate([own, way.astype(np.float32), row[..., None]], axis=-1)


def train_head(checkpoint: SeamCheckpoint, shown: Demonstrations, chunks: int, steps: int, seed: int) -> Head:
    """From `chunks` answers of the policy in the demonstrations: what is missing to the expert's command of
    the same tick, in whose state the surprise may have come meanwhile."""
    given, missing = map(torch.from_numpy, _pairs(checkpoint, shown, chunks, seed))
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Linear(given.shape[1], HIDDEN),
        nn.ReLU(),
        nn.Linear(HIDDEN, HIDDEN),
        nn.ReLU(),
        nn.Linear(HIDDEN, missing.shape[1]),
    )
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        rows = torch.randint(len(given), (BATCH,))
        nn.functional.mse_loss(net(given[rows]), missing[rows]).backward()
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
    layers = [layer for layer in net if isinstance(layer, nn.Linear)]
    return Head(tuple(torch.cat([la.weight, la.bias[:, None]], dim=1).detach().numpy() for la in layers))


def _pairs(
    checkpoint: SeamCheckpoint, shown: Demonstrations, chunks: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Features and what is missing: float32 [chunks * ROWS, ...]."""
    policy, rng = SeamPolicy(checkpoint), np.random.default_rng(seed)
    starts = rng.choice(shown.starts, chunks)
    asked = [Request(Observation({}, shown.states[s], "learn", 0.0), None, int(s), 0) for s in starts]
    parts = [policy.answer(asked[first : first + BATCH]) for first in range(0, chunks, BATCH)]
    planned = np.stack([chunk.actions[:ROWS] for part in parts for chunk in part])
    now = starts[:, None] + np.arange(ROWS)
    given = features(checkpoint.robot, shown.states[now], planned, np.arange(ROWS)[None])
    missing = (shown.commands[now] - planned) / scale(checkpoint.robot)
    return given.reshape(-1, given.shape[-1]), missing.reshape(-1, missing.shape[-1]).astype(np.float32)
