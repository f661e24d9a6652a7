"""What the experts show: states and commands, tick by tick, with the surprise and with pushes in between.

A push is there so that the policy knows how to go on from where an expert alone would not get. What is
commanded while it lasts is no example: no chunk that is learnt contains a tick of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from xr0_robot.sims.seam.base import RATE_HZ, SeamWorld

PUSH_TICKS = 6
"""How long one lasts."""

PUSHES = 0.012
"""The chance that one begins in a tick."""

STRENGTH = 0.3
"""Of a push, at most, in a tick: a share of the expert's highest speed, added to that of the
command."""

AFTER = 40
"""Ticks that are recorded behind the success: to stay is to be learnt as well."""


@dataclass(frozen=True)
class Demonstrations:
    """Of one world, episode after episode. states [n, state_dim]; commands [n, native_dim]; starts: the ticks
    from which a whole chunk follows that no push interferes with."""

    states: np.ndarray
    commands: np.ndarray
    starts: np.ndarray
    horizon: int

    @cached_property
    def followed(self) -> frozenset[int]:
        """The starts, to ask whether a tick is one."""
        return frozenset(self.starts.tolist())

    def chunks(self, starts: np.ndarray) -> np.ndarray:
        """The commands [b, horizon, native_dim] that follow."""
        return self.commands[starts[:, None] + np.arange(self.horizon)]


def record(world: SeamWorld, seeds: Sequence[int], horizon: int) -> Demonstrations:
    """An episode of each seed."""
    states, commands, starts, begin = [], [], [], 0
    for seed in seeds:
        seen, told, usable = _episode(world, seed)
        starts.append(begin + _whole(usable, horizon))
        begin += len(seen)
        states.append(seen)
        commands.append(told)
    return Demonstrations(np.concatenate(states), np.concatenate(commands), np.concatenate(starts), horizon)


def _episode(world: SeamWorld, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """States, commands, and which of them are the expert's own."""
    world.reset(seed)
    rng = np.random.default_rng([0x5EA, seed])
    states, commands, usable = [], [], []
    pushed, since, left = 0, 0, AFTER
    direction = np.zeros(world.embodiment.native_dim)
    while len(states) < world.ticks + AFTER and left > 0 and not world.failed:
        states.append(world.state())
        command = world.expert()
        if pushed == 0 and rng.random() < PUSHES:
            pushed = PUSH_TICKS
            direction = rng.normal(size=len(command))
            direction *= rng.uniform(0, STRENGTH) * world.agility.speed / np.linalg.norm(direction)
        usable.append(pushed == 0)
        if pushed > 0:
            command = command + direction * np.sin(np.pi * (pushed - 0.5) / PUSH_TICKS) / RATE_HZ
            pushed -= 1
        commands.append(command)
        world.apply(command)
        since = since + 1 if world.success() else 0
        left -= since > world.settle
    return np.stack(states), np.stack(commands), np.array(usable)


def _whole(usable: np.ndarray, horizon: int) -> np.ndarray:
    """Where `horizon` usable ticks in a row begin."""
    runs = np.convolve(usable, np.ones(horizon, dtype=int), mode="valid") if len(usable) >= horizon else []
    return np.flatnonzero(np.asarray(runs) == horizon)
