"""Corrects a wrong grasp at the placing: every pose of the plan is moved by the increment that was felt."""

from __future__ import annotations

import numpy as np

from xr0_robot.touch.procedures.arm import Arm
from xr0_robot.touch.sensor import increment

BLEND_TICKS = 8
"""Over which the correction fades in and out, 0.27 s: the arm gets no step in its command."""


class Compensation:
    """offset: the increment W [4, 4] from the grasp as it is to the grasp as it should be (mm).

    A plan for the right grasp holds the object at G T_goal; from the hand at G W^-1 = G T_goal T_cur^-1 it is
    there with the grasp as it is. The correction fades in, stays while something is held, and fades out.
    """

    def __init__(self, arm: Arm, offset: np.ndarray) -> None:
        self._arm = arm
        self._offset = increment.to_vector(offset)
        self._ticks = 0
        self._holding = True

    @property
    def over(self) -> bool:
        """Whether it has faded out."""
        return not self._holding and self._ticks == 0

    def advance(self, holding: bool) -> None:
        """One tick on. Once nothing is held it fades out, for good."""
        self._holding = self._holding and holding
        step = 1 if self._holding else -1
        self._ticks = min(BLEND_TICKS, max(0, self._ticks + step))

    def sent(self, command: np.ndarray) -> np.ndarray:
        """What to send for the plan's `command` [native_dim]."""
        return self._arm.moved(command, increment.inverse(self._now()))

    def seen(self, state: np.ndarray) -> np.ndarray:
        """The state [native_dim] that a plan without correction would have led to: inverse to `sent`."""
        return self._arm.moved(state, self._now())

    def _now(self) -> np.ndarray:
        return increment.to_matrix(self._offset * (self._ticks / BLEND_TICKS))
