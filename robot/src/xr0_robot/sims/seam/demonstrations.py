"""What the experts show: states and commands, tick by tick, with the surprise and with pushes in between.

A push is there so that the policy knows how to go on from where an expert alone would not get. And an expert
takes a while to notice the surprise, in which it goes on as if there had been none. What is commanded
meanwhile is no example. A chunk that is learnt contains no tick of it, but for those that begin with a few:
there they are the prefix, the rest makes good (`corrections`).
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

UNAWARE = 12
"""Ticks until the surprise is noticed, at most: the longest delay that the benchmark has."""

LONGEST = 6
"""Ticks at a chunk's beginning that are not the expert's, at most: as long as prefixes are in training."""

AFTER = 40
"""Ticks that are recorded behind the success: to stay is to be learnt as well."""


@dataclass(frozen=True)
class Demonstrations:
    """Of one world, episode after episode. states [n, state_dim]; commands [n, native_dim]; left [n]: ticks
    of its episode that follow each; starts: the ticks from which a whole chunk follows that is the expert's;
    corrections [k, 2]: those from which a chunk follows that is so but for its first ticks, and their
    number."""

    states: np.ndarray
    commands: np.ndarray
    left: np.ndarray
    starts: np.ndarray
    corrections: np.ndarray
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
    unsurprised = type(world)(surprised=False)
    states, commands, left, starts, corrections, begin = [], [], [], [], [], 0
    for seed in seeds:
        seen, told, meant = _episode(world, unsurprised, seed)
        starts.append(begin + _whole(meant, horizon))
        corrections.append(_corrections(meant, horizon) + np.array([begin, 0]))
        begin += len(seen)
        states.append(seen)
        commands.append(told)
        left.append(np.arange(len(seen))[::-1])
    unsurprised.close()
    return Demonstrations(
        np.concatenate(states),
        np.concatenate(commands),
        np.concatenate(left),
        np.concatenate(starts),
        np.concatenate(corrections),
        horizon,
    )


def _episode(
    world: SeamWorld, unsurprised: SeamWorld, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """States, commands, and which of them are an expert's that knows what is so."""
    world.reset(seed)
    unsurprised.reset(seed)
    rng = np.random.default_rng([0x5EA, seed])
    states, commands, meant = [], [], []
    pushed, since, left = 0, 0, AFTER
    notices = world.surprise_tick + 1 + int(rng.integers(UNAWARE + 1))
    direction = np.zeros(world.embodiment.native_dim)
    while len(states) < world.ticks + AFTER and left > 0 and not world.failed:
        states.append(world.state())
        unaware = world.surprise_tick < len(commands) < notices
        command = (unsurprised if unaware else world).expert()
        if pushed == 0 and rng.random() < PUSHES:
            pushed = PUSH_TICKS
            direction = rng.normal(size=len(command))
            direction *= rng.uniform(0, STRENGTH) * world.agility.speed / np.linalg.norm(direction)
        meant.append(pushed == 0 and not unaware)
        if pushed > 0:
            command = command + direction * np.sin(np.pi * (pushed - 0.5) / PUSH_TICKS) / RATE_HZ
            pushed -= 1
        commands.append(command)
        world.apply(command)
        if len(commands) < notices:
            unsurprised.apply(command)
        since = since + 1 if world.success() else 0
        left -= since > world.settle
    return np.stack(states), np.stack(commands), np.array(meant)


def _whole(meant: np.ndarray, horizon: int) -> np.ndarray:
    """Where `horizon` ticks in a row begin that are meant."""
    runs = np.convolve(meant, np.ones(horizon, dtype=int), mode="valid") if len(meant) >= horizon else []
    return np.flatnonzero(np.asarray(runs) == horizon)


def _corrections(meant: np.ndarray, horizon: int) -> np.ndarray:
    """[k, 2]: where 1 to LONGEST ticks begin that are not, with the rest of `horizon` ticks that are; and how
    many they are."""
    found = [
        (behind - n, n)
        for n in range(1, LONGEST + 1)
        for behind in _whole(meant, horizon - n).tolist()
        if behind >= n and not meant[behind - n : behind].any()
    ]
    return np.array(found, dtype=np.int64).reshape(-1, 2)
