"""Procedural objects: families of shapes, each a function that draws one of thousands.

Nominal placement: the object's origin in the middle of the gripper, x the closing axis. Pads are 9.9 mm (y)
by 12.1 mm (z), so sizes are those of small machine parts. SEEN is for training. HELD_OUT and RESERVED are
never trained on, RESERVED not even looked at while the method was made. What they could be confused with is
kept out of SEEN: no polygon of three corners, no bars that cross at a right angle, no rod with exactly one
step. Seen from the pads no family has a symmetry finer than 60 degrees, except round ones, whose turn cannot
be felt.
"""

from __future__ import annotations

from xr0_robot.touch.sensor.families.held_out import HELD_OUT, RESERVED
from xr0_robot.touch.sensor.families.seen import GENERAL, SEEN
from xr0_robot.touch.sensor.prisms import Rng
from xr0_robot.touch.sensor.shapes import Shape

__all__ = ["GENERAL", "HELD_OUT", "RESERVED", "SEEN", "sample_shape"]


def sample_shape(rng: Rng, family: str) -> Shape:
    """Draw a shape of a family; ValueError for an unknown name."""
    table = SEEN | HELD_OUT | RESERVED
    if family not in table:
        raise ValueError(f"family: got {family!r}, expected one of {', '.join(table)}")
    return Shape(family, family, tuple(table[family](rng)))
