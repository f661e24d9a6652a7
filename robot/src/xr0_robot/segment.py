"""A run of numbers of a robot with one meaning: its kind, its own units, its place in the model's vector."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from xr0_robot.representations import ANGLES, NAMES

KINDS = ("pose", "plain", "gripper")
"""What a segment's numbers are."""

ANCHORS = ("chunk_start", "previous", "absolute")
"""What a commanded number is relative to."""

UNITS = ("si", "degrees")
"""Of joints, and of angles that make up a rotation."""

POSE_SIZE = 6
"""Of a pose as the model sees it: x, y, z and an axis-angle."""


@dataclass(frozen=True)
class Segment:
    """A run of numbers with one meaning, and where it sits in the native and in the model's vector.

    kind `pose`: x, y, z [m] and a rotation in the arm's base frame, written as `rotation` says (one of
    `representations.NAMES`); `gripper`: openings that read `closed` and `open` at the two ends, in any unit
    and either polarity; `plain`: anything else. unit: "degrees" for plain angles, and for rotations made of
    angles. The model sees m, rad, axis-angles, and a gripper's stroke from 0, closed, to 1, open.

    anchor `chunk_start`: the model sees the difference to the state at the chunk's start (for a pose, in
    the end-effector frame there: R_t^T (p - p_t) and log(R_t^T R)); `previous`: the command is itself a
    motion from where the one before it led, zeros are none, and the model sees it as it is; `absolute`: the
    number itself. model None: sensed, for others to be anchored to, but not shown to the model.
    size: of the native numbers.
    """

    name: str
    kind: Literal["pose", "plain", "gripper"]
    anchor: Literal["chunk_start", "previous", "absolute"]
    native: int
    model: int | None
    size: int
    rotation: str = "axis_angle"
    unit: Literal["si", "degrees"] = "si"
    closed: float | None = None
    open: float | None = None

    def __post_init__(self) -> None:
        self._one_of("kind", self.kind, KINDS)
        self._one_of("anchor", self.anchor, ANCHORS)
        self._one_of("rotation", self.rotation, tuple(NAMES))
        self._one_of("unit", self.unit, UNITS)
        if self.size < 1 or self.native < 0 or (self.model or 0) < 0:
            self._refuse(f"got native {self.native}, model {self.model}, size {self.size}: below 0, 0 or 1")
        if self.kind == "pose":
            self._check_pose()
        elif self.rotation != "axis_angle":
            self._refuse(f"got rotation {self.rotation!r}, a {self.kind} segment has none")
        if self.kind == "gripper":
            self._check_gripper()
        elif (self.closed, self.open) != (None, None):
            self._refuse(f"got closed {self.closed} and open {self.open}, only a gripper has them")

    @property
    def model_size(self) -> int:
        """Numbers that the model sees of it."""
        return POSE_SIZE if self.kind == "pose" else self.size

    @property
    def native_slice(self) -> slice:
        """Where it sits in the robot's own vector."""
        return slice(self.native, self.native + self.size)

    @property
    def model_slice(self) -> slice:
        """Where it sits in the model's vector; empty where it is not shown to the model."""
        return slice(0, 0) if self.model is None else slice(self.model, self.model + self.model_size)

    @property
    def form(self) -> tuple[object, ...]:
        """How its native numbers are written; segments of one form need no conversion."""
        return self.kind, self.rotation, self.unit, self.closed, self.open

    @property
    def canonical(self) -> bool:
        """Whether its numbers are written as the model sees them."""
        stroke = (self.closed, self.open) == (0.0, 1.0)
        return stroke if self.kind == "gripper" else (self.rotation, self.unit) == ("axis_angle", "si")

    @property
    def number_names(self) -> tuple[str, ...]:
        """A name for each native number, as a dataset's features have them."""
        if self.kind == "pose":
            return tuple(f"{self.name}.{part}" for part in ("x", "y", "z", *NAMES[self.rotation]))
        return (self.name,) if self.size == 1 else tuple(f"{self.name}.{k}" for k in range(self.size))

    def _check_pose(self) -> None:
        expected = 3 + len(NAMES[self.rotation])
        if self.size != expected:
            self._refuse(f"a pose with rotation {self.rotation} has {expected} numbers, got size {self.size}")
        if self.rotation not in ANGLES and (self.unit == "degrees" or self.anchor == "previous"):
            self._refuse(
                f"got rotation {self.rotation!r} with unit {self.unit}, anchor {self.anchor}: only angles "
                f"have degrees, or zeros that are no motion; expected one of {', '.join(ANGLES)}"
            )

    def _check_gripper(self) -> None:
        ends = [end for end in (self.closed, self.open) if end is not None and math.isfinite(end)]
        if len(set(ends)) != 2:
            self._refuse(f"got closed {self.closed}, open {self.open}, expected its two ends")
        if self.unit != "si" or self.anchor == "previous":
            self._refuse(
                f"got a gripper with unit {self.unit}, anchor {self.anchor}: its unit is its ends', expected "
                "unit si, anchor absolute or chunk_start; gripper motions are a plain segment"
            )

    def _one_of(self, field: str, value: str, valid: Sequence[str]) -> None:
        if value not in valid:
            self._refuse(f"got {field} {value!r}, expected one of {', '.join(valid)}")

    def _refuse(self, why: str) -> None:
        raise ValueError(f"segment {self.name}: {why}")
