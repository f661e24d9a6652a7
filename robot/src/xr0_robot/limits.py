"""What a robot may be told, as data: a box, speeds, ranges. `executor.safety` enforces it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

Vector3 = tuple[float, float, float]
Numbers = float | tuple[float, ...]


@dataclass(frozen=True)
class Apart:
    """How far the tool point of this arm stays from that of another.

    other: the other arm's pose segment; position [m] and yaw [rad] of its base frame in this arm's, both
    upright. distance_m: of the two tool points at least. It keeps hands that point alike out of each other,
    and wins over an acceleration limit: what would touch stops dead.
    """

    other: str
    position: Vector3
    yaw: float
    distance_m: float

    def __post_init__(self) -> None:
        if not (self.distance_m > 0 and math.isfinite(self.yaw) and all(map(math.isfinite, self.position))):
            raise ValueError(f"apart: got {self}, expected distance_m > 0, a finite position and yaw")


@dataclass(frozen=True)
class PoseLimit:
    """A box for the tool point [m, arm base frame], and the fastest it may be told to move and to turn.

    acceleration_m_s2, turn_acceleration_rad_s2: how fast that may change, to stop included; without limit
    unless said otherwise. With one, the tool brakes in time to stay in the box, and comes to rest instead of
    stopping dead where the plan ends.
    """

    low: Vector3
    high: Vector3
    speed_m_s: float
    turn_rad_s: float
    acceleration_m_s2: float = math.inf
    turn_acceleration_rad_s2: float = math.inf
    apart: Apart | None = None

    def __post_init__(self) -> None:
        if not all(low < high for low, high in zip(self.low, self.high, strict=True)):
            raise ValueError(f"pose limit: got low {self.low} and high {self.high}, expected low < high")
        if self.speed_m_s <= 0 or self.turn_rad_s <= 0:
            raise ValueError(f"pose limit: got {self.speed_m_s} m/s, {self.turn_rad_s} rad/s, expected > 0")
        if not (self.acceleration_m_s2 > 0 and self.turn_acceleration_rad_s2 > 0):
            raise ValueError(
                f"pose limit: got {self.acceleration_m_s2} m/s^2, {self.turn_acceleration_rad_s2} rad/s^2, "
                "expected > 0"
            )


@dataclass(frozen=True)
class PlainLimit:
    """A range for the native numbers of a segment, and how fast they may be commanded to change, per second.

    Each is one number for all of the segment, or one for each of it. tolerance: share of the range by which a
    command may lie beyond it before clamping it counts as an intervention. A gripper is told the very ends of
    its range, so half of a network's errors lie beyond them. start: what counts as told before the first
    command, for numbers that the state does not measure. acceleration: how fast the rate may change, per
    second and second, stopping included; without limit unless said otherwise.
    """

    low: Numbers
    high: Numbers
    rate: Numbers
    tolerance: float = 0.0
    start: Numbers | None = None
    acceleration: Numbers = math.inf

    def __post_init__(self) -> None:
        start = self.low if self.start is None else self.start
        numbers = (self.low, self.high, self.rate, start, self.acceleration)
        low, high, rate, start, acceleration = _vectors("plain limit", *numbers)
        positive = (rate > 0).all() and (acceleration > 0).all() and self.tolerance >= 0
        if not ((low < high).all() and positive):
            raise ValueError(
                f"plain limit: got {self}, expected low < high, rate > 0, acceleration > 0, tolerance >= 0"
            )
        if not ((low <= start) & (start <= high)).all():
            raise ValueError(f"plain limit: got start {self.start}, expected {self.low} to {self.high}")


@dataclass(frozen=True)
class MotionLimit:
    """What one motion (anchor `previous`) may be: a range that has 0 in it, which is to stay.

    low, high, tolerance: as in PlainLimit. magnitude: Euclidean length of the whole segment in one tick,
    where its numbers share a unit; a longer motion is shortened in its direction. change: Euclidean length of
    the difference between a motion and the one before it, to stand still included.
    """

    low: Numbers
    high: Numbers
    magnitude: float = math.inf
    tolerance: float = 0.0
    change: float = math.inf

    def __post_init__(self) -> None:
        low, high = _vectors("motion limit", self.low, self.high)
        inside = ((low <= 0) & (high >= 0) & (low < high)).all()
        if not (inside and self.magnitude > 0 and self.change > 0 and self.tolerance >= 0):
            raise ValueError(
                f"motion limit: got {self}, expected low <= 0 <= high, low < high, magnitude and change > 0, "
                "tolerance >= 0"
            )


def _vectors(name: str, *numbers: Numbers) -> tuple[np.ndarray, ...]:
    sizes = {len(each) for each in numbers if isinstance(each, tuple)}
    if len(sizes) > 1:
        raise ValueError(f"{name}: got tuples of {sorted(sizes)} numbers, expected one length")
    return tuple(np.asarray(each, dtype=np.float64) for each in numbers)


GRIPPER_TOLERANCE = 0.05
"""Of its range: a gripper told 1.03 is told to open, and no limit has kept it from anything."""

Limit = PoseLimit | PlainLimit | MotionLimit

Limits = Mapping[str, Limit]
"""Segment name to its limit; every segment of the embodiment has one."""
