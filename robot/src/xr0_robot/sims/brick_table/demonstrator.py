"""Demonstrations at a brick table: half start anywhere, in some the brick is moved or the arm disturbed, and
some are mistaken for a while about where the brick is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from xr0_robot.features import ENVIRONMENT_STATE, OBJECT_PIXELS
from xr0_robot.sims.brick_table.env import BrickTable, Options
from xr0_robot.sims.brick_table.expert import Expert, truth
from xr0_robot.sims.brick_table.mistakes import Mistakes
from xr0_robot.sims.brick_table.questions import ask
from xr0_robot.sims.brick_table.tasks import COLOURS
from xr0_robot.sims.disturbance import Disturbance
from xr0_robot.sims.world import Question

RANDOM_START_SHARE = 0.5
"""Episodes whose gripper starts anywhere, from which a small model learns to recover."""

PERTURB_SHARE = 0.4
"""Episodes whose target is moved on approach: without them a committed prefix predicts the future."""

NOISE_SHARE = 0.3
"""Episodes in which the arm is disturbed while the clean command is recorded."""

LAPSE_SHARE = 0.5
"""Episodes with lapses: states that a policy gets into and an expert does not, and the way out of them."""

NOISE_TIME_S = 0.3
"""Correlation time of the disturbance: white noise would be filtered away by the servos."""

IDLE_TICKS = 10
"""Still ticks kept at the end: enough to learn to stop, few enough not to learn to wait."""

QUESTION_S = (20 / 30, 100 / 30)
"""Questions are asked of an episode's first frame and of one drawn from between these times."""

SEED_STREAM = 0xDE40
"""Keeps this file's random choices apart from the scene's, which use the bare seed."""


class BrickDemonstrator:
    """The `Demonstrator` of a brick table, as in training."""

    columns: Mapping[str, Sequence[str]] = {
        ENVIRONMENT_STATE: BrickTable.environment_names,
        OBJECT_PIXELS: tuple(f"{colour}.{axis}" for colour in COLOURS for axis in ("u", "v")),
    }
    time_limit_s = 20.0
    idle_ticks = IDLE_TICKS

    def __init__(self, table: BrickTable) -> None:
        self.env = table

    def begin(self, seed: int) -> tuple[str, Mapping[str, bool]]:
        """Start the seed's episode; its instruction, and how it differs from an ordinary one."""
        self._rng = np.random.default_rng([SEED_STREAM, seed])
        shares = (RANDOM_START_SHARE, PERTURB_SHARE, NOISE_SHARE, LAPSE_SHARE)
        random_start, perturb, noise, lapses = (self._rng.random(4) < shares).tolist()
        self.env.options = Options(random_start=random_start, perturb=perturb)
        instruction = self.env.reset(seed)
        first, last = map(self.env.embodiment.ticks, QUESTION_S)
        self._ask_at = (0, int(self._rng.integers(first, last)))
        self._expert, self._mistaken = Expert(self.env), False
        self._mistakes = Mistakes(self._rng, self.env.embodiment.dt, lapses)
        std = np.array(self.env.robot.noise_std) * noise
        self._noise = Disturbance(self._rng, std, NOISE_TIME_S, self.env.embodiment.dt)
        return instruction, {
            "random_start": random_start,
            "perturb": perturb,
            "noise": noise,
            "lapses": lapses,
        }

    def act(self) -> np.ndarray:
        """The expert's command [native_dim], clean."""
        now = truth(self.env)
        believed = self._mistakes.believed(now, self._expert.phase)
        self._mistaken = believed is not now
        return self.env.bring(self._expert.act(believed))

    def meant(self) -> bool:
        """Whether it acted on what is so."""
        return not self._mistaken

    def numbers(self) -> Mapping[str, np.ndarray]:
        """Where the four bricks are, and where the first camera sees them."""
        positions = self.env.object_positions()
        pixels = [self.env.project(self.env.overview, positions[colour]) for colour in COLOURS]
        return {ENVIRONMENT_STATE: self.env.environment_state(), OBJECT_PIXELS: np.concatenate(pixels)}

    def questions(self) -> Sequence[Question]:
        """All that can be asked, at two ticks."""
        return ask(self.env, self._rng) if self.env.tick in self._ask_at else ()

    def disturbance(self) -> np.ndarray:
        """Smooth noise, or none."""
        return self._noise.step()
