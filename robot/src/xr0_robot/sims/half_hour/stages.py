"""How far a towel is, and what is said of one that got no farther: from its points alone."""

from __future__ import annotations

import numpy as np

from xr0_robot.sims.towels import judge, shape
from xr0_robot.sims.towels.stack import PLACE
from xr0_robot.sims.towels.towel import Towel

STAGES = ("thrown", "spread", "folded", "on the stack")

WRONG = ("never unfolded", "folded badly", "not on the stack", "not let go on the stack")
"""Of a towel that was taken away, by the farthest stage that it had been in."""


def stage(points: np.ndarray, towel: Towel, height: float) -> int:
    """Of a towel with these points [n, n, 3, m], by its place in `STAGES`. height: of the stack [m]."""
    if judge.folded(points, towel):
        return 3 if judge.stacked(points, PLACE, height) else 2
    return 1 if shape.spread(points, towel) else 0


def covered(points: np.ndarray, towel: Towel) -> float:
    """Area of the smallest rectangle around it, seen from above, as a share of the flat towel's."""
    found = judge.rectangle(points)
    return found.long * found.short / (towel.size[0] * towel.size[1])
