"""What a robot may be told, as data: a box, speeds, ranges. `executor.safety` enforces it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Vector3 = tuple[float, float, float]


@dataclass(frozen=True)
class PoseLimit:
    """A box for the tool point [m, arm base frame], and the fastest it may be told to move and to turn."""

    low: Vector3
    high: Vector3
    speed_m_s: float
    turn_rad_s: float

    def __post_init__(self) -> None:
        if not all(low < high for low, high in zip(self.low, self.high, strict=True)):
            raise ValueError(f"pose limit: got low {self.low} and high {self.high}, expected low < high")
        if self.speed_m_s <= 0 or self.turn_rad_s <= 0:
            raise ValueError(f"pose limit: got {self.speed_m_s} m/s, {self.turn_rad_s} rad/s, expected > 0")


@dataclass(frozen=True)
class PlainLimit:
    """A range for each number of a segment, and how fast it may be commanded to change, per second.

    tolerance: share of the range by which a command may lie beyond it before clamping it counts as an
    intervention. A gripper is told the very ends of its range, so half of a network's errors lie beyond them.
    """

    low: float
    high: float
    rate: float
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        if not self.low < self.high or self.rate <= 0 or self.tolerance < 0:
            raise ValueError(f"plain limit: got {self}, expected low < high, rate > 0 and tolerance >= 0")


GRIPPER_TOLERANCE = 0.05
"""Of its range: a gripper told 1.03 is told to open, and no limit has kept it from anything."""

Limits = Mapping[str, PoseLimit | PlainLimit]
"""Segment name to its limit; every segment of the embodiment has one."""
