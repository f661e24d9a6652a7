"""A towel on a table as an Env: two arms, a stack, a sentence."""

# MuJoCo is compiled and brings no type stubs.
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from xr0_robot.sims import shades
from xr0_robot.sims.towels import cloth, grasp, judge, stack, tasks, throw
from xr0_robot.sims.towels.towel import TOWELS, Towel
from xr0_robot.sims.towels.variants import Variant
from xr0_robot.sims.two_arms.embodiment import SIDES
from xr0_robot.sims.two_arms.table import TwoArmTable

SUBSTEPS = 8
"""Physics steps of 4.2 ms each at 30 Hz."""

START = ((0.24, 0.32), (0.18, 0.26), (0.20, 0.28), (-0.15, 0.15))
"""x, y (of the left hand; the right one's is its mirror image), z [m] and turn [rad] of a hand at reset."""

RANDOM_START = ((0.20, 0.52), (0.06, 0.30), (0.10, 0.34), (-0.6, 0.6))
"""The same, anywhere above the table, for data that shows how to recover."""

STILL_M_S = 0.05
"""A towel rests whose fastest point is slower."""

PERTURB_S = (4.0, 14.0)
"""When the towel is snatched away or turned over, if it is; drawn per episode."""


@dataclass(frozen=True)
class Options:
    """What may change from one episode to the next. random_start: the hands start anywhere over the table;
    perturb: the towel is snatched away or turned over once."""

    random_start: bool = False
    perturb: bool = False


class TowelTable(TwoArmTable):
    """Env of one towel at a time. One compiled model serves all; a seed decides all of an episode."""

    def __init__(self, variant: Variant) -> None:
        super().__init__(
            cloth.mjcf() + stack.mjcf() + throw.mjcf(),
            SUBSTEPS,
            f"{cloth.assets()}<equality>{grasp.equalities(SIDES)}{throw.equality()}</equality>",
            cloth.SOFT,
        )
        self.variant = variant
        self.options = Options(perturb=variant.perturb)
        self.cloth = cloth.Cloth(self.model, self.data)
        self.stack = stack.Stack(self.model, self.data)
        self.pinches = {side: grasp.Pinch(self.model, self.data, self.cloth, side) for side in SIDES}
        self._thrower = throw.Thrower(self.model, self.data, self.cloth, self._wait)
        self.reset(0)

    @property
    def towel(self) -> Towel:
        """The one on the table."""
        return self.cloth.towel

    def reset(self, seed: int, instruction: str | None = None) -> str:
        """Throw the seed's towel, whatever the sentence; ValueError if the sentence cannot be scored."""
        streams = np.random.SeedSequence(seed).spawn(5)
        task_rng, scene_rng, throw_rng, look_rng, perturb_rng = map(np.random.default_rng, streams)
        self.task = tasks.sample(task_rng) if instruction is None else tasks.parse(instruction)
        mujoco.mj_resetData(self.model, self.data)
        towels = scene_rng.permutation(len(TOWELS))
        below = scene_rng.integers(len(TOWELS))
        self.stack.lay([TOWELS[k] for k in towels[1 : 1 + below]], scene_rng)
        self._place_hands(scene_rng)
        self._paint(look_rng)
        self.throw(TOWELS[towels[0]], throw_rng)
        self.tick, self.perturbed_tick = 0, None
        self._perturb_rng = perturb_rng
        self._perturb_at = self.embodiment.ticks(perturb_rng.uniform(*PERTURB_S))
        return self.task.instruction

    def apply(self, action: np.ndarray) -> None:
        """Table.apply; then the fingers have caught or lost what they have."""
        super().apply(action)
        self._pinch()
        self.tick += 1
        if self.options.perturb and self.tick == self._perturb_at:
            self.perturb(self._perturb_rng)

    def success(self) -> bool:
        """Whether the towel rests as it was asked for, and no hand holds it."""
        return self._fulfilled(self.task)

    def fulfilled(self, instruction: str) -> bool:
        """The same for another sentence; ValueError if it cannot be scored."""
        return self._fulfilled(tasks.parse(instruction))

    def held(self) -> dict[str, np.ndarray]:
        """Numbers of the towel's points in each hand."""
        return {side: pinch.held() for side, pinch in self.pinches.items()}

    def throw(self, towel: Towel, rng: np.random.Generator) -> None:
        """Throw this one on the table, in the place of that which was there."""
        self._let_go()
        self.cloth.become(towel)
        self._thrower.throw(rng)

    def perturb(self, rng: np.random.Generator) -> None:
        """Snatch the towel away and throw it anew, or turn it over where it is."""
        self._let_go()
        if rng.random() < 0.5:
            self._thrower.throw(rng)
        else:
            self._turn_over()
        self.perturbed_tick = self.tick

    def _fulfilled(self, task: tasks.Task) -> bool:
        points, towel = self.cloth.points(), self.towel
        if any(held.size for held in self.held().values()) or self.cloth.speed() > STILL_M_S:
            return False
        if task.meaning == tasks.SPREAD:
            return judge.flattened(points, towel)
        return judge.folded(points, towel) and judge.stacked(points, stack.PLACE, self.stack.height)

    def _let_go(self) -> None:
        for pinch in self.pinches.values():
            pinch.let_go()

    def _pinch(self) -> None:
        for arm, pinch in zip(self.arms, self.pinches.values(), strict=True):
            pinch.update(arm.gripper(self.data))

    def _wait(self, seconds: float) -> None:
        """The arms keep still."""
        for _ in range(round(seconds / self.model.opt.timestep)):
            mujoco.mj_step(self.model, self.data)
        mujoco.mj_forward(self.model, self.data)

    def _turn_over(self) -> None:
        """About a line along x through its middle, and let it fall from where it was lowest."""
        points = self.cloth.points()
        low = points[..., 2].min()
        middle = points[..., 1].mean()
        points[..., 1] = 2 * middle - points[..., 1]
        points[..., 2] = low + points[..., 2].max() - points[..., 2]
        self.cloth.put(points)
        mujoco.mj_forward(self.model, self.data)

    def _place_hands(self, rng: np.random.Generator) -> None:
        low, high = np.transpose(RANDOM_START if self.options.random_start else START)
        tools = {}
        for side, sign in zip(SIDES, (1, -1), strict=True):
            x, y, z, turn = rng.uniform(low, high)
            opening = rng.uniform(0.0, 1.0) if self.options.random_start else 1.0
            tools[side] = np.array([x, sign * y, z, 0.0, 0.0, turn, opening])
        self.place(tools)
        mujoco.mj_forward(self.model, self.data)
        for arm, pinch in zip(self.arms, self.pinches.values(), strict=True):
            pinch.begin(arm.gripper(self.data))

    def _paint(self, rng: np.random.Generator) -> None:
        look = self.variant.looks[rng.integers(len(self.variant.looks))]
        for towel in TOWELS:  # a material's colour is a factor of its texture's
            shade = np.array(shades.shade(towel.rgb, rng, look)) / towel.rgb
            self.model.material(towel.name).rgba[:3] = np.clip(shade, 0.0, 1.0)
        shades.light(self.model, rng, look)
