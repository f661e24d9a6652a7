"""The Lego table, and an account of each brick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from xr0_robot.sims.benchmark import Task, TaskEnv
from xr0_robot.sims.lego.env import STEAL_HEIGHT, LegoTable
from xr0_robot.sims.lego.variants import VARIANTS
from xr0_robot.sims.pieces import Account, Piece, Stages
from xr0_robot.sims.two_arms.embodiment import SIDES
from xr0_robot.types import Embodiment

LOOK_TICKS = 3
"""From one look at the bricks to the next: ten a second."""

SHUT = 0.2
"""A gripper that is told to be less open than this is to hold what it has."""

APART_M = 0.045
"""A brick that was in a hand and is farther than this from its tool has slipped out of it [m]."""

STAGES = ("on", "off", "in its bin")

WRONG_BIN, NOT_OFF, DROPPED, LATE = "wrong bin", "not taken off", "dropped and lost", "out of time"
"""What becomes of a brick that is not in its bin when the episode ends. Dropped: it lies where it fell from a
hand. Late: it is in a hand, or lies where it was laid, or hangs on others that were taken off."""


class Disassembly(LegoTable):
    """Env of one variant, all of whose bricks are to be sorted."""

    columns: Mapping[str, Sequence[str]] = {}

    def reset(self, seed: int, instruction: str | None = None) -> str:
        """LegoTable.reset."""
        instruction = super().reset(seed, instruction)
        self._stages = Stages(STAGES)
        self._arrived: dict[int, float] = {}
        self._carried: dict[str, set[int]] = {side: set() for side in SIDES}
        self._fell: set[int] = set()
        self._slips = 0
        return instruction

    def apply(self, action: np.ndarray) -> None:
        """LegoTable.apply; now and then the bricks are looked at."""
        super().apply(action)
        if self.tick % LOOK_TICKS == 0:
            opening = action.reshape(len(SIDES), -1)[:, -1]
            self._note({side for side, told in zip(SIDES, opening, strict=True) if told < SHUT})

    def account(self) -> Account:
        """Of every brick, whether it is done or not; those that are come first, as they came into their bins.
        One begins when the one before it is done."""
        until_s = self._time_s()
        done = sorted(self._arrived, key=lambda number: self._arrived[number])
        begun_s = [0.0, *(self._arrived[number] for number in done)]
        pieces = [
            Piece(self.colours[number], begun_s[k], self._arrived[number]) for k, number in enumerate(done)
        ]
        pieces += [
            Piece(colour, begun_s[-1], until_s, self._wrong(number))
            for number, colour in enumerate(self.colours)
            if number not in self._arrived
        ]
        mishaps = {"slips": self._slips}
        return Account(tuple(pieces), tuple(self._stages.moments), mishaps, 0, until_s)

    def numbers(self) -> Mapping[str, np.ndarray]:
        """None: nothing is recorded here."""
        return {}

    def _note(self, shut: set[str]) -> None:
        """shut: hands that are to hold what they have."""
        now_s, held = self._time_s(), self.held()
        in_hand = frozenset().union(*held.values())
        self._fell -= in_hand
        for side, tool in self.tools().items():
            had = self._carried[side] | {n for n in held.get(side, ()) if n < self.count and self._high(n)}
            if side in shut:
                lost = {n for n in had if np.linalg.norm(self.centre(n) - tool[:3]) > APART_M}
                self._slips += bool(lost)
                self._carried[side] = had - lost
            else:
                lost = {n for n in had if self._high(n)}
                self._carried[side] = set()
            self._fell |= lost - in_hand
        for number, colour in enumerate(self.colours):
            there = self.bin_of(number) == colour and number not in in_hand
            if not there:
                self._arrived.pop(number, None)
            elif number not in self._arrived:
                self._arrived[number] = now_s
            stage = 2 if there else int(self.movable(number))
            self._stages.see(f"brick {number}", stage, now_s)

    def _high(self, number: int) -> bool:
        return bool(self.centre(number)[2] > STEAL_HEIGHT)

    def _wrong(self, number: int) -> str:
        if self.bin_of(number) not in (None, self.colours[number]):
            return WRONG_BIN
        if not self.movable(number):
            return NOT_OFF
        return DROPPED if number in self._fell else LATE

    def _time_s(self) -> float:
        return round(self.tick * self.embodiment.dt, 3)


def open_env(task: Task, robot: Embodiment, look: str) -> TaskEnv:
    """The table; it has one look, and pictures of one size."""
    del robot, look
    return Disassembly(VARIANTS[task.name])
