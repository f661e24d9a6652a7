"""Which measured number is the twin of which commanded one."""

from __future__ import annotations

from dataclasses import dataclass

from xr0_robot.segment import Segment
from xr0_robot.types import Embodiment


@dataclass(frozen=True)
class Pair:
    """Places in the native command and in the native state, and the segment that says so."""

    action: int
    state: int
    segment: Segment


def pairs(robot: Embodiment) -> list[Pair]:
    """Of a robot's commands that its state measures, number by number; of a pose the position alone where the
    two do not say the rotation in the same way."""
    found = []
    for segment in robot.segments:
        twin = robot.twin(segment)
        if twin is not None:
            same = segment.size if segment.size == twin.size else 3
            found += [Pair(segment.native + k, twin.native + k, segment) for k in range(same)]
    return found
