"""Demonstrations at a brick table: half start anywhere, in some the brick is moved or the arm disturbed, and
some begin where an arm has got to that did not see the brick moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from xr0_robot.features import ENVIRONMENT_STATE, OBJECT_PIXELS
from xr0_robot.sims.brick_table.env import BrickTable, Options
from xr0_robot.sims.brick_table.expert import Expert, truth
from xr0_robot.sims.brick_table.questions import ask
from xr0_robot.sims.brick_table.tasks import COLOURS
from xr0_robot.sims.disturbance import Disturbance
from xr0_robot.sims.world import Question

RANDOM_START_SHARE = 0.5
"""Episodes whose gripper starts anywhere, from which a small model learns to recover."""

PERTURB_SHARE = 0.25
"""Episodes whose target is moved on approach: without them a committed prefix predicts the future."""

NOISE_SHARE = 0.3
"""Episodes in which the arm is disturbed while the clean command is recorded."""

LATE_SHARE = 0.3
"""Episodes that begin with a mistake already made: the target was moved, and the arm went on."""

APPROACH_S = 3.0
"""Within this time a target that is to be moved has been come near to."""

LATE_S = (0.1, 2.0)
"""For how long it went on: still on the way down, or with a hand closed on nothing, or opened over a bin."""

NOISE_TIME_S = 0.3
"""Correlation time of the disturbance: white noise would be filtered away by the servos."""

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

    def __init__(self, table: BrickTable) -> None:
        self.env = table

    def begin(self, seed: int) -> tuple[str, Mapping[str, bool]]:
        """Start the seed's episode; its instruction, and how it differs from an ordinary one."""
        self._rng = np.random.default_rng([SEED_STREAM, seed])
        shares = (RANDOM_START_SHARE, PERTURB_SHARE, NOISE_SHARE, LATE_SHARE)
        random_start, perturb, noise, late = (self._rng.random(4) < shares).tolist()
        self.env.options = Options(random_start=random_start, perturb=perturb or late)
        instruction = self.env.reset(seed)
        if late:
            go_on_unaware(self.env, self.env.embodiment.ticks(self._rng.uniform(*LATE_S)))
        first, last = map(self.env.embodiment.ticks, QUESTION_S)
        self._ask_at = (0, int(self._rng.integers(first, last)))
        self._expert = Expert(self.env)
        std = np.array(self.env.robot.noise_std) * noise
        self._noise = Disturbance(self._rng, std, NOISE_TIME_S, self.env.embodiment.dt)
        return instruction, {
            "random_start": random_start,
            "perturb": perturb,
            "noise": noise,
            "late": late,
        }

    def act(self) -> np.ndarray:
        """The expert's command [native_dim], clean."""
        return self.env.bring(self._expert.act(truth(self.env)))

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


def go_on_unaware(table: BrickTable, ticks: int) -> None:
    """Work until the target is moved, and `ticks` longer as if it had not been; then the table's time begins.

    Where it is moved late or not at all, the work ends after APPROACH_S and `ticks`."""
    expert, seen = Expert(table), truth(table)
    for _ in range(table.embodiment.ticks(APPROACH_S)):
        if table.perturbed_tick is not None:
            break
        seen = truth(table)
        table.apply(table.bring(expert.act(seen)))
    for _ in range(ticks):
        tool = table.tool()
        brick = tool[:3] if expert.phase in ("carry", "release") else seen.brick
        table.apply(table.bring(expert.act(replace(seen, tool=tool, brick=brick))))
    table.tick = 0
