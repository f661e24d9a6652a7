"""The brick table's arm with fingertips."""

from __future__ import annotations

import numpy as np

from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.touch.procedures.arm import arm_of

BRICKS_ARM = arm_of(
    BRICKS, "arm", stroke_m=0.08, pads=np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
)
"""The brick table's arm: its left finger is at +y of the tool, the left pad at -x of the fingertips'
frame."""
