"""The refinement task: where goals and starts lie, and which grasps count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from xr0_robot.touch.sensor.families import GENERAL, HELD_OUT, RESERVED, SEEN, sample_shape
from xr0_robot.touch.sensor.increment import to_matrix
from xr0_robot.touch.sensor.pads import CONTACT_N
from xr0_robot.touch.sensor.shapes import Shape

TRAIN_SEEDS, TUNING_SEEDS, EVALUATION_SEEDS = (0, 500_000), (500_000, 1_000_000), (1_000_000, 2**31)
"""Shapes and episodes are drawn from seeds of their own range, [first, last): no tuning on what is
evaluated."""

GENERAL_SHARE = 0.35
"""Of training shapes that are drawn from the general families alone."""


@dataclass(frozen=True)
class Spread:
    """Half-widths of uniform draws. x_mm: along the closing axis, which is not felt; mm: y and z; turn_deg:
    about x; tilt_deg: about y and z."""

    x_mm: float
    mm: float
    turn_deg: float
    tilt_deg: float

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Motions as vectors [count, 6] (mm, rad)."""
        half = [self.x_mm, self.mm, self.mm, *np.deg2rad([self.turn_deg, self.tilt_deg, self.tilt_deg])]
        return rng.uniform(-1.0, 1.0, (count, 6)) * half


GOALS = Spread(x_mm=1.0, mm=2.5, turn_deg=10.0, tilt_deg=2.5)
"""Poses at which a goal may be demonstrated: the object on the pads, with room for starts around it."""

FIXED_GOAL = Spread(0.0, 0.0, 0.0, 0.0)
"""Goals as designed: the object in the middle, unturned."""

NEAR = Spread(x_mm=1.0, mm=4.0, turn_deg=12.0, tilt_deg=4.0)
"""Starts, seen from the goal, about as far off as two demonstrated poses are from one another."""

WIDE = Spread(x_mm=1.0, mm=7.0, turn_deg=15.0, tilt_deg=4.0)
"""Starts, seen from the goal, less than a fifth of which is within 5 mm and 5 degrees."""


def seen_shape(seed: int) -> Shape:
    """The shape of a seed, from a family that training may use."""
    return _shape(seed, tuple(SEEN))


def training_shape(seed: int) -> Shape:
    """The shape of a seed, as training draws it: general shapes more often, for what it has never seen."""
    rng = np.random.default_rng([seed, 0])
    families = GENERAL if rng.random() < GENERAL_SHARE else tuple(SEEN)
    return sample_shape(rng, families[int(rng.integers(len(families)))])


def held_out_shape(seed: int) -> Shape:
    """The shape of a seed, from a family that is held out whole."""
    return _shape(seed, tuple(HELD_OUT))


def reserved_shape(seed: int) -> Shape:
    """The shape of a seed, from a family that is only looked at in the end."""
    return _shape(seed, tuple(RESERVED))


ShapeOf = Callable[[int], Shape]


def in_contact(forces: np.ndarray) -> np.ndarray:
    """Whether every pad of grasps [b, f, 11, 9] holds something: bool [b]."""
    return (forces.sum(axis=(-2, -1)) >= CONTACT_N).all(axis=-1)


def starts(rng: np.random.Generator, goals: np.ndarray, spread: Spread, scale: np.ndarray) -> np.ndarray:
    """Object poses [b, 4, 4] off the goals [b, 4, 4] by a draw of the spread times scale, [b, 6] or less."""
    return to_matrix(spread.draw(rng, len(goals)) * scale) @ goals


def _shape(seed: int, families: tuple[str, ...]) -> Shape:
    rng = np.random.default_rng([seed, len(families)])
    return sample_shape(rng, families[int(rng.integers(len(families)))])
