"""Demonstrations at the towel table: some start anywhere, in some the towel is snatched away or the arms are
disturbed, and in some the hands close beside the towel now and then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from xr0_robot.sims.disturbance import Disturbance
from xr0_robot.sims.towels.env import Options, TowelTable
from xr0_robot.sims.towels.expert import Expert
from xr0_robot.sims.towels.hands import truth
from xr0_robot.sims.two_arms import aims
from xr0_robot.sims.world import Question

RANDOM_START_SHARE = 0.4
"""Episodes whose hands start anywhere, from which a small model learns to recover."""

PERTURB_SHARE = 0.2
"""Episodes whose towel is snatched away or turned over."""

NOISE_SHARE = 0.3
"""Episodes in which the arms are disturbed while the clean command is recorded."""

LAPSE_SHARE = 0.3
"""Episodes with lapses: the hands go for where the towel is not, and then make it good."""

NOISE_STD_M, NOISE_TIME_S = 0.005, 0.3
"""Of the disturbance: about a policy's error [m], remembered so long [s]."""

EVERY_S, LAPSE_S, LAPSE_M = 3.0, (0.3, 0.9), (0.02, 0.06)
"""Mean time between lapses while hands go for the towel, how long they last, how far off it is."""

IDLE_TICKS = 10
"""Still ticks kept at the end: enough to learn to stop, few enough not to learn to wait."""

SEED_STREAM = 0xDE70
"""Keeps this file's random choices apart from the scene's, which use the bare seed."""


class TowelDemonstrator:
    """The `Demonstrator` of the towel table, as in training."""

    columns: Mapping[str, Sequence[str]] = aims.COLUMNS
    time_limit_s = 120.0
    idle_ticks = IDLE_TICKS

    def __init__(self, table: TowelTable) -> None:
        self.env = table

    def begin(self, seed: int) -> tuple[str, Mapping[str, bool]]:
        """Start the seed's episode; its instruction, and how it differs from an ordinary one."""
        self._rng = np.random.default_rng([SEED_STREAM, seed])
        shares = (RANDOM_START_SHARE, PERTURB_SHARE, NOISE_SHARE, LAPSE_SHARE)
        random_start, perturb, noise, self._lapses = (self._rng.random(4) < shares).tolist()
        self.env.options = Options(random_start=random_start, perturb=perturb)
        instruction = self.env.reset(seed)
        self._expert, self._left, self._offset = Expert(self.env), 0, np.zeros(3)
        std = np.tile([NOISE_STD_M] * 3 + [0.0] * 4, 2) * noise
        self._noise = Disturbance(self._rng, std, NOISE_TIME_S, self.env.embodiment.dt)
        return instruction, {
            "random_start": random_start,
            "perturb": perturb,
            "noise": noise,
            "lapses": self._lapses,
        }

    def act(self) -> np.ndarray:
        """The expert's command [native_dim], clean."""
        now, dt = truth(self.env), self.env.embodiment.dt
        self._left = max(0, self._left - 1)
        if self._lapses and self._left == 0 and self._expert.reaching and self._rng.random() < dt / EVERY_S:
            self._left = round(self._rng.uniform(*LAPSE_S) / dt)
            angle, far = self._rng.uniform(0, 2 * np.pi), self._rng.uniform(*LAPSE_M)
            self._offset = far * np.array([np.cos(angle), np.sin(angle), 0.0])
        if self._left:
            now = replace(now, points=now.points + self._offset)
        return self.env.bring(self._expert.act(now))

    def meant(self) -> bool:
        """Whether it acted on what is so."""
        return self._left == 0

    def numbers(self) -> Mapping[str, np.ndarray]:
        """Where the hands are going."""
        return aims.recorded(self.env, self._expert.aims)

    def questions(self) -> Sequence[Question]:
        """None."""
        return ()

    def disturbance(self) -> np.ndarray:
        """Smooth noise, or none."""
        return self._noise.step()
