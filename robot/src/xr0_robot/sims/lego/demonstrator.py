"""Demonstrations at the Lego table: in some the arms are disturbed, in some a brick is stolen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from xr0_robot.sims.disturbance import Disturbance
from xr0_robot.sims.lego.env import LegoTable
from xr0_robot.sims.lego.expert import Expert
from xr0_robot.sims.two_arms import aims
from xr0_robot.sims.world import Question

NOISE_SHARE = 0.5
"""Episodes in which the arms are disturbed while the clean command is recorded."""

NOISE_STD = (0.003, 0.003, 0.003, 0.0, 0.0, 0.03, 0.0)
"""Of one arm's command [m, rad]: about the error of a policy worth correcting, too little to part bricks."""

NOISE_TIME_S = 0.3
"""Correlation time of the disturbance: white noise would be filtered away by the servos."""

STOLEN_SHARE = 0.3
"""Episodes in which a brick is taken out of a hand, and found again."""

IDLE_TICKS = 10
"""Still ticks kept at the end: enough to learn to stop, few enough not to learn to wait."""

SECONDS_PER_BRICK = 7.0
"""An expert that takes longer has failed."""

SEED_STREAM = 0x1E67
"""Keeps this file's random choices apart from the scene's, which use the bare seed."""


class LegoDemonstrator:
    """The `Demonstrator` of the Lego table, as in training."""

    columns: Mapping[str, Sequence[str]] = aims.COLUMNS
    idle_ticks = IDLE_TICKS

    def __init__(self, table: LegoTable) -> None:
        self.env = table
        self.time_limit_s = SECONDS_PER_BRICK * table.count

    def begin(self, seed: int) -> tuple[str, Mapping[str, bool]]:
        """Start the seed's episode; its instruction, and how it differs from an ordinary one."""
        rng = np.random.default_rng([SEED_STREAM, seed])
        noise, stolen = (rng.random(2) < (NOISE_SHARE, STOLEN_SHARE)).tolist()
        self.env.variant = replace(self.env.variant, stolen=stolen)
        instruction = self.env.reset(seed)
        self._expert = Expert(self.env)
        std = np.array(2 * NOISE_STD) * noise
        self._noise = Disturbance(rng, std, NOISE_TIME_S, self.env.embodiment.dt)
        return instruction, {"noise": noise, "stolen": stolen}

    def act(self) -> np.ndarray:
        """The expert's command [native_dim], clean."""
        return self.env.bring(self._expert.act())

    def meant(self) -> bool:
        """Always."""
        return True

    def numbers(self) -> Mapping[str, np.ndarray]:
        """Where the hands are going."""
        return aims.recorded(self.env, self._expert.aims)

    def questions(self) -> Sequence[Question]:
        """None."""
        return ()

    def disturbance(self) -> np.ndarray:
        """Smooth noise, or none."""
        return self._noise.step()
