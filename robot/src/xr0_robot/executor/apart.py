"""Two arms that stay out of each other: steps that bring their tool points too near are shortened."""

from __future__ import annotations

import numpy as np

from xr0_robot.limits import Apart, Limits, PoseLimit
from xr0_robot.types import Embodiment, Segment

ROUNDING = 1e-12
"""A breach smaller than this [m] is none: commands that break no limit keep their bits."""


class Separation:
    """One pair of arms. Commands are native vectors [native_dim]; the tool points are their poses' first
    three numbers, whichever way the rotation is written."""

    def __init__(self, first: Segment, second: Segment, apart: Apart) -> None:
        self._distance = apart.distance_m
        cos, sin = np.cos(apart.yaw), np.sin(apart.yaw)
        self._turn = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
        self._origin = np.array(apart.position)
        self._first, self._second = _place(first), _place(second)
        self.name = f"{first.name} and {second.name} apart"

    def between(self, command: np.ndarray) -> np.ndarray:
        """From the second tool point to the first [3, m], in the first arm's base frame."""
        return command[self._first] - (self._origin + self._turn @ command[self._second])

    def kept(self, command: np.ndarray, last: np.ndarray) -> np.ndarray:
        """`command` itself, or with shorter steps from `last`, so that the distance is not less than it must
        be, nor than it was where it was less already.

        The tool points keep to one side of a plane: n . between >= distance, n the direction between them in
        `last`. A step that brings them nearer is shortened, the other is not: a hand that rests is not
        pushed, and what is within a box stays there.
        """
        before = self.between(last)
        gap = float(np.linalg.norm(before))
        normal = before / gap if gap > 0 else np.array([0.0, 0.0, 1.0])
        breach = min(self._distance, gap) - float(normal @ self.between(command))
        if breach <= ROUNDING:
            return command
        steps = command - last
        nearer = -normal @ steps[self._first], normal @ self._turn @ steps[self._second]
        left = 1.0 - breach / sum(max(float(by), 0.0) for by in nearer)
        kept = command.copy()
        for place, by in zip((self._first, self._second), nearer, strict=True):
            if by > 0:
                kept[place] = last[place] + left * steps[place]
        return kept


def separations(embodiment: Embodiment, limits: Limits) -> tuple[Separation, ...]:
    """Of all arms whose limits say so; ValueError where the other is no other pose of this robot."""
    poses = {segment.name: segment for segment in embodiment.segments if segment.kind == "pose"}
    found = []
    for name, segment in poses.items():
        limit = limits[name]
        if not isinstance(limit, PoseLimit) or limit.apart is None:
            continue
        others = [other for other in poses if other != name]
        if limit.apart.other not in others:
            raise ValueError(
                f"safety: {name} is to stay apart from {limit.apart.other!r}, expected another pose of the "
                f"robot: {', '.join(others) or 'it has none'}"
            )
        found.append(Separation(segment, poses[limit.apart.other], limit.apart))
    return tuple(found)


def _place(segment: Segment) -> slice:
    """Where its position stands in a native vector."""
    return slice(segment.native, segment.native + 3)
