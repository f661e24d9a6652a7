"""How a towel comes to lie on the table: dropped, turned, and folded over by a hand that nobody sees."""

# MuJoCo is compiled and brings no type stubs.
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

from collections.abc import Callable

import mujoco
import numpy as np

from xr0_robot import rotation
from xr0_robot.sims.towels.cloth import GRID, THICK, Cloth, flat

FOLDS = (1, 3)
"""Fewest and most."""

RIM_SHARE = 0.8
"""Folds that begin at the rim; the others lift it in its middle, and crumple it."""

OVER = (0.5, 0.95)
"""A point is carried so far of the way to the point opposite."""

ASIDE = 0.06
"""And as far aside, at most [m]."""

HEIGHT = 0.45
"""Of the way there, in between."""

FOLD_S, FALL_S = 0.6, 0.4
"""A fold takes so long; what was let go lies after this."""

NEAREST_X, ASIDE_Y = 0.13, 0.06
"""Before it is folded no point lies nearer to the robot, nor its middle farther from the table's [m]."""

ZONE = ((0.17, 0.48), (-0.21, 0.21))
"""All of a thrown towel lies here [m]: within reach of the hands, off the stack."""

ATTEMPTS = 30
"""Before giving up; most of the first lie within reach."""


def mjcf() -> str:
    """The unseen hand, a mocap body."""
    return '<body name="thrower" mocap="true" pos="0 0 1"/>'


def equality() -> str:
    """Its hold on a point."""
    attributes = 'anchor="0 0 0" active="false" solref="0.01 1"'
    return f'<connect name="thrower" body1="thrower" body2="towel_0" {attributes}/>'


class Thrower:
    """Throws the towel of one compiled scene. step: lets the world go on for a time [s]."""

    def __init__(
        self, model: mujoco.MjModel, data: mujoco.MjData, cloth: Cloth, step: Callable[[float], None]
    ) -> None:
        self._model, self._data, self._cloth, self._step = model, data, cloth, step
        self._mocap = int(model.body("thrower").mocapid[0])
        self._hold = model.eq("thrower").id

    def throw(self, rng: np.random.Generator) -> None:
        """Until it lies within reach; RuntimeError if it never does."""
        for _ in range(ATTEMPTS):
            self._drop(rng)
            folds = rng.integers(FOLDS[0], FOLDS[1] + 1)
            for k in range(FOLDS[1]):
                if k < folds or not inside(self._cloth.points()):
                    self._fold(rng)
            if inside(self._cloth.points()):
                return
        raise RuntimeError(f"towel: thrown {ATTEMPTS} times, never within reach")

    def _drop(self, rng: np.random.Generator) -> None:
        """Flat, turned any way; it may reach too near to the robot for now."""
        turn = rotation.exp(np.array([0.0, 0.0, rng.uniform(-np.pi, np.pi)]))
        points = flat(self._cloth.towel.size) @ turn.T
        half = float(np.ptp(points[..., 0])) / 2
        high = ZONE[0][1] - half
        middle = (rng.uniform(min(NEAREST_X + half, high), high), rng.uniform(-ASIDE_Y, ASIDE_Y), THICK)
        self._cloth.put(points + middle)
        mujoco.mj_forward(self._model, self._data)

    def _fold(self, rng: np.random.Generator) -> None:
        """Carry a point in an arc towards the one opposite, and let it go: one that lies outside the zone, or
        any."""
        points = self._cloth.points()
        i, j = (int(k) for k in rng.integers(0, GRID, size=2))
        if rng.random() < RIM_SHARE:
            i = int(rng.choice((0, GRID - 1)))
        beyond = _beyond(points)
        if beyond.max() > 0:
            i, j = (int(k) for k in np.unravel_index(int(beyond.argmax()), beyond.shape))
        start, end = points[i, j], points[GRID - 1 - i, GRID - 1 - j]
        way = (end - start) * rng.uniform(*OVER)
        way[:2] += rng.uniform(-ASIDE, ASIDE, size=2)
        up = HEIGHT * float(np.hypot(way[0], way[1])) + 0.02
        self._model.eq_obj2id[self._hold] = self._cloth.bodies[i * GRID + j]
        self._model.eq_data[self._hold, 3:6] = 0.0  # `mj_setConst` has changed it
        self._data.eq_active[self._hold] = 1
        ticks = round(FOLD_S * 30)
        for k in range(ticks):
            s = (k + 1) / ticks
            along = 0.5 - 0.5 * np.cos(np.pi * s)
            place = start + way * (along, along, s) + (0.0, 0.0, up * np.sin(np.pi * s) + THICK * s)
            self._data.mocap_pos[self._mocap] = place
            self._step(1 / 30)
        self._data.eq_active[self._hold] = 0
        self._step(FALL_S)


def inside(points: np.ndarray) -> bool:
    """Whether all of it lies in the zone."""
    return bool(_beyond(points).max() <= 0)


def _beyond(points: np.ndarray) -> np.ndarray:
    """How far each point is outside the zone [m]; negative inside."""
    low, high = np.transpose(ZONE)
    return np.maximum(low - points[..., :2], points[..., :2] - high).max(axis=-1)
