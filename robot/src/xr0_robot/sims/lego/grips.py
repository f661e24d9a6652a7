"""Where a hand can hold the rest of a wall while the other pulls a brick off."""

from __future__ import annotations

import numpy as np

from xr0_robot.sims.gripper import Pad
from xr0_robot.sims.lego.bricks import HALF

PAD = Pad().half_width
"""Half of what a finger covers along the wall [m]."""

NEAREST = HALF[0] + PAD + 0.006
"""A hand so far beside a brick's middle touches neither it nor the hand that takes it [m]."""

FARTHEST = NEAREST + 0.06
"""Beyond this [m] the rest would be held at another end than where it is pulled."""

STEP = 0.004
"""Of the search [m]."""

ENOUGH = 0.3
"""Share of a finger that has something between it and the other one."""


PLACES = np.arange(NEAREST, FARTHEST, STEP)
MARKS = PLACES[:, None] + np.linspace(-PAD, PAD, 11)
"""Where to look, and what a finger covers there [places, marks; m]."""


def spots(others: np.ndarray, halves: np.ndarray) -> dict[int, float]:
    """Where to hold, along the wall from the middle of the brick that goes [m]; by side, +1 and -1.

    others: middles of what else is in its piece [n, m], along the wall from the same point; halves: half of
    their lengths [n, m]. On each side
    the nearest place where the fingers hold with their whole width, else the one where they hold most; a side
    where they would hold too little has none.
    """
    found = {}
    for side in (1, -1):
        beside = np.abs(MARKS[..., None] - side * others) <= halves
        held = beside.any(axis=2).mean(axis=1)
        if held.max() >= ENOUGH:
            found[side] = side * float(PLACES[np.argmax(held)])
    return found
