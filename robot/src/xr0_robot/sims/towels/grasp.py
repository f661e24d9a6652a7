"""Fingers that pinch a towel: what is between them as they close is held, until they open or it is torn away.

Fingers and cloth do not collide. A pinch is a `connect` between the hand and each point that it caught.
"""

# MuJoCo is compiled and brings no type stubs.
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

import mujoco
import numpy as np

from xr0_robot.sims.towels.cloth import GRID, Cloth

CLOSES, OPENS = 0.30, 0.40
"""Openings of the gripper: below the first the fingers hold a layer, above the second they let go."""

ACROSS = 0.024
"""Points so near to the tool's axis are caught [m]: about as wide as the pads."""

BELOW, ABOVE = 0.016, 0.014
"""And so much below and above the tool point [m]: four layers at most, or one if the fingers stay high."""

GRIP_N = 4.0
"""A pinch that is pulled harder slips [N]: some two and a half times the weight of the heaviest towel."""


def equalities(sides: tuple[str, ...]) -> str:
    """A connect of each hand with each point, all inactive."""
    return "".join(
        f'<connect name="{side}/towel_{k}" body1="{side}/hand" body2="towel_{k}" anchor="0 0 0" '
        'active="false" solref="0.01 1"/>'
        for side in sides
        for k in range(GRID**2)
    )


class Pinch:
    """One hand's."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, cloth: Cloth, side: str) -> None:
        self._model, self._data, self._cloth = model, data, cloth
        self._hand, self._site = model.body(f"{side}/hand").id, model.site(f"{side}/tool").id
        self._equalities = np.array([model.eq(f"{side}/towel_{k}").id for k in range(GRID**2)])
        self._closed = False
        self.slipped = 0

    def begin(self, opening: float) -> None:
        """Hold nothing; a gripper that is closed now has caught nothing."""
        self.let_go()
        self._closed, self.slipped = opening < CLOSES, 0

    def held(self) -> np.ndarray:
        """Numbers of the points that it holds."""
        return np.flatnonzero(self._data.eq_active[self._equalities])

    def pull(self) -> float:
        """Of the towel on the hand [N]."""
        data = self._data
        rows = (data.efc_type == mujoco.mjtConstraint.mjCNSTR_EQUALITY) & np.isin(
            data.efc_id, self._equalities
        )
        return float(np.linalg.norm(data.efc_force[rows].reshape(-1, 3).sum(axis=0)))

    def update(self, opening: float) -> None:
        """After each tick: catch as the fingers close, let go as they open, slip if pulled too hard."""
        if self._closed and opening > OPENS:
            self._closed = False
            self.let_go()
        elif not self._closed and opening < CLOSES:
            self._closed = True
            self._catch()
        elif self.held().size and self.pull() > GRIP_N:
            self.slipped += 1
            self.let_go()

    def let_go(self) -> None:
        """Hold nothing."""
        self._data.eq_active[self._equalities] = 0

    def _catch(self) -> None:
        data, points = self._data, self._cloth.points().reshape(-1, 3)
        tool = (points - data.site_xpos[self._site]) @ data.site_xmat[self._site].reshape(3, 3)
        within = np.hypot(tool[:, 0], tool[:, 1]) < ACROSS
        caught = np.flatnonzero(within & (tool[:, 2] > -BELOW) & (tool[:, 2] < ABOVE))
        hand = (points - data.xpos[self._hand]) @ data.xmat[self._hand].reshape(3, 3)
        self._model.eq_data[self._equalities[caught], :3] = hand[caught]
        self._model.eq_data[self._equalities[caught], 3:6] = 0.0
        data.eq_active[self._equalities[caught]] = 1
