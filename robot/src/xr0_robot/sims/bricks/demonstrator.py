"""Demonstrations of the brick table: half start anywhere, in some the brick is moved or the arm disturbed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from xr0_robot.features import ENVIRONMENT_STATE, OBJECT_PIXELS
from xr0_robot.sims.bricks.env import BricksEnv, BricksOptions
from xr0_robot.sims.bricks.expert import Expert, truth
from xr0_robot.sims.bricks.questions import ask
from xr0_robot.sims.bricks.tasks import COLOURS
from xr0_robot.sims.disturbance import Disturbance
from xr0_robot.sims.world import Question

RANDOM_START_SHARE = 0.5
"""Episodes whose gripper starts anywhere, from which a small model learns to recover."""

PERTURB_SHARE = 0.25
"""Episodes whose target is moved on approach: without them a committed prefix predicts the future."""

NOISE_SHARE = 0.3
"""Episodes in which the arm is disturbed while the clean command is recorded."""

NOISE_STD = np.array([0.008, 0.008, 0.008, 0.0, 0.0, 0.06, 0.0])
"""Of the disturbance, per native number [m, rad]: about the error of a policy worth correcting."""

NOISE_TIME_S = 0.3
"""Correlation time of the disturbance: white noise would be filtered away by the servos."""

QUESTION_TICKS = (20, 100)
"""Questions are asked of an episode's first frame and of one drawn from these."""

SEED_STREAM = 0xDE40
"""Keeps this file's random choices apart from the scene's, which use the bare seed."""


class BricksDemonstrator:
    """The `Demonstrator` of the brick table."""

    columns: Mapping[str, Sequence[str]] = {
        ENVIRONMENT_STATE: BricksEnv.environment_names,
        OBJECT_PIXELS: tuple(f"{colour}.{axis}" for colour in COLOURS for axis in ("u", "v")),
    }
    time_limit_s = 20.0

    def __init__(self) -> None:
        self.env = BricksEnv()

    def begin(self, seed: int) -> tuple[str, Mapping[str, bool]]:
        """Start the seed's episode; its instruction, and how it differs from an ordinary one."""
        self._rng = np.random.default_rng([SEED_STREAM, seed])
        shares = (RANDOM_START_SHARE, PERTURB_SHARE, NOISE_SHARE)
        random_start, perturb, noise = (self._rng.random(3) < shares).tolist()
        self.env.options = BricksOptions(random_start=random_start, perturb=perturb)
        instruction = self.env.reset(seed)
        self._ask_at = (0, int(self._rng.integers(*QUESTION_TICKS)))
        self._expert = Expert(truth(self.env))
        std = NOISE_STD if noise else np.zeros_like(NOISE_STD)
        self._noise = Disturbance(self._rng, std, NOISE_TIME_S, self.env.embodiment.dt)
        return instruction, {"random_start": random_start, "perturb": perturb, "noise": noise}

    def act(self) -> np.ndarray:
        """The expert's command [7], clean."""
        return self._expert.act(truth(self.env))

    def numbers(self) -> Mapping[str, np.ndarray]:
        """Where the four bricks are, and where the base camera sees them."""
        positions = self.env.object_positions()
        pixels = [self.env.project("base", positions[colour]) for colour in COLOURS]
        return {ENVIRONMENT_STATE: self.env.environment_state(), OBJECT_PIXELS: np.concatenate(pixels)}

    def questions(self) -> Sequence[Question]:
        """All that can be asked, at two ticks."""
        return ask(self.env, self._rng) if self.env.tick in self._ask_at else ()

    def disturbance(self) -> np.ndarray:
        """Smooth noise, or none."""
        return self._noise.step()
