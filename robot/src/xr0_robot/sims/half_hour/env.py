"""A towel table where the next towel is thrown as soon as one is done or taken away: nothing else begins
anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from xr0_robot.sims.benchmark import Task, TaskEnv
from xr0_robot.sims.half_hour import fling
from xr0_robot.sims.half_hour.stages import STAGES, WRONG, covered, stage
from xr0_robot.sims.pieces import Account, Moment, Piece, Stages
from xr0_robot.sims.towels.env import TowelTable
from xr0_robot.sims.towels.towel import TOWELS, Towel
from xr0_robot.sims.towels.variants import VARIANTS
from xr0_robot.sims.towels.world import SETTLE_S, TIME_LIMIT_S
from xr0_robot.sims.two_arms.embodiment import SIDES
from xr0_robot.types import Embodiment
from xr0_robot.worlds import TRAINED

LOOK_TICKS = 3
"""From one look at the towel's stage to the next: ten a second."""

STREAM = 0x3015
"""Keeps the draws of later towels apart from those of the first, which is the seed's own."""


class HalfHour(TowelTable):
    """Env of `ticks` ticks. The six towels come in turn, in an order of the seed's, and again.

    What is done lies on the stack as it was laid there; when all six have come the stack is carried off. The
    robot's clock stands while a person throws a towel.
    """

    columns: Mapping[str, Sequence[str]] = {}

    def __init__(self, ticks: int) -> None:
        self.ticks = ticks
        super().__init__(VARIANTS[TRAINED])

    def reset(self, seed: int, instruction: str | None = None) -> str:
        """The seed's first towel, and no stack; ValueError if the sentence cannot be scored."""
        instruction = super().reset(seed, instruction)
        self._rng = np.random.default_rng([STREAM, seed])
        others = [towel for towel in TOWELS if towel != self.towel]
        self._order: list[Towel] = [self.towel, *(others[k] for k in self._rng.permutation(len(others)))]
        self.stack.clear()
        self._begun, self._done = 0, 0
        self._pieces: list[Piece] = []
        self._taken: list[Moment] = []
        self._stages = Stages(STAGES)
        self._looks: list[tuple[np.ndarray, int, float]] = []
        self._traces: list[fling.Trace] = []
        return instruction

    def apply(self, action: np.ndarray) -> None:
        """TowelTable.apply; then the towel is judged, and the next one comes if it is done or its time is
        up."""
        super().apply(action)
        if self.tick % LOOK_TICKS == 0:
            self._note(action.reshape(len(SIDES), -1)[:, :3].ravel())
        self._done = self._done + 1 if super().success() else 0
        if self._done > self.embodiment.ticks(SETTLE_S):
            self.stack.add(self.towel, self.cloth.points())
            self._end(None)
        elif self.tick - self._begun >= self.embodiment.ticks(TIME_LIMIT_S):
            self._end(WRONG[self._stages.best(self._name)])

    def success(self) -> bool:
        """Whether the time is over, and no towel had to be taken away."""
        return self.tick >= self.ticks and not self._taken

    def account(self) -> Account:
        """Of the towels that ended; the one on the table when the time is over counts for nothing."""
        found = [fling.loops(trace, self._look_s) for trace in (*self._traces, self._trace())]
        return Account(
            pieces=tuple(self._pieces),
            progress=tuple(sorted((*self._stages.moments, *self._taken), key=lambda moment: moment.time_s)),
            mishaps={
                "slips": sum(pinch.slipped for pinch in self.pinches.values()),
                "fling loops": sum(each.count for each in found),
                "seconds in fling loops": round(sum(each.seconds for each in found), 1),
            },
            interventions=len(self._taken),
            until_s=round(self.tick * self.embodiment.dt, 3),
        )

    def numbers(self) -> Mapping[str, np.ndarray]:
        """None: nothing is recorded here."""
        return {}

    @property
    def _name(self) -> str:
        """Of the towel on the table, by how many came before it."""
        return f"{self.towel.name} towel {len(self._pieces) + 1}"

    @property
    def _look_s(self) -> float:
        return LOOK_TICKS * self.embodiment.dt

    def _note(self, places: np.ndarray) -> None:
        points = self.cloth.points()
        there = stage(points, self.towel, self.stack.height)
        self._stages.see(self._name, there, self._time_s(self.tick))
        self._looks.append((places, there, covered(points, self.towel)))

    def _trace(self) -> fling.Trace:
        """Of the towel on the table."""
        places, stages, spread = zip(*self._looks, strict=True) if self._looks else ((), (), ())
        return fling.Trace(np.reshape(places, (-1, 6)), np.array(stages, dtype=int), np.array(spread))

    def _end(self, wrong: str | None) -> None:
        """The towel ends, and the next one is thrown. wrong: why it is taken away, None if it is done."""
        now_s = self._time_s(self.tick)
        if wrong is not None:
            self._taken.append(Moment(now_s, f"{self._name}: taken away"))
        self._pieces.append(Piece(self.towel.name, self._time_s(self._begun), now_s, wrong))
        self._traces.append(self._trace())
        self._looks, self._begun, self._done = [], self.tick, 0
        if len(self._pieces) % len(self._order) == 0:
            self.stack.clear()
        self.throw(self._order[len(self._pieces) % len(self._order)], self._rng)

    def _time_s(self, tick: int) -> float:
        return round(tick * self.embodiment.dt, 3)


def open_env(task: Task, robot: Embodiment, look: str) -> TaskEnv:
    """The table; it has one look, and pictures of one size."""
    del robot, look
    return HalfHour(task.ticks)
