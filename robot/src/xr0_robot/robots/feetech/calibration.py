"""From a servo's steps to degrees and back, by the file that `lerobot-calibrate` writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xr0_robot import json_fields

LAST_STEP = 4095
"""Of a turn. LeRobot counts it as the whole turn (`MotorNormMode.DEGREES`), and so do its datasets."""
STROKE = 100.0
"""A gripper's own range, from closed to open (`MotorNormMode.RANGE_0_100`)."""


@dataclass(frozen=True)
class Joint:
    """One servo, as LeRobot's file has it: its id, what it subtracts from its encoder, and the steps between
    which it may move."""

    id: int
    drive_mode: int
    homing_offset: int
    range_min: int
    range_max: int

    def __post_init__(self) -> None:
        if not 0 <= self.range_min < self.range_max <= LAST_STEP:
            raise ValueError(
                f"got range_min {self.range_min}, range_max {self.range_max}, expected 0 <= min < max <= "
                f"{LAST_STEP}"
            )
        if self.drive_mode != 0:
            raise ValueError(f"got drive_mode {self.drive_mode}, expected 0: the servo turns as it is told")

    def degrees(self, step: int) -> float:
        """From the middle of the range."""
        return (step - self._middle) * 360.0 / LAST_STEP

    def step_at_degrees(self, degrees: float) -> int:
        """The nearest step within the range."""
        return self._within(self._middle + degrees * LAST_STEP / 360.0)

    def stroke(self, step: int) -> float:
        """0 to 100, of the range."""
        return (step - self.range_min) / (self.range_max - self.range_min) * STROKE

    def step_at_stroke(self, stroke: float) -> int:
        """The nearest step within the range."""
        return self._within(self.range_min + stroke / STROKE * (self.range_max - self.range_min))

    @property
    def _middle(self) -> float:
        return (self.range_min + self.range_max) / 2

    def _within(self, step: float) -> int:
        return min(max(round(step), self.range_min), self.range_max)


def load(path: Path, names: Sequence[str]) -> tuple[Joint, ...]:
    """The named joints in this order; ValueError, by place, for a file that has not exactly these."""
    data = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict) or set(data) != set(names):
        got = sorted(data) if isinstance(data, dict) else type(data).__name__
        raise ValueError(f"{path}: got {got}, expected {sorted(names)}")
    joints = tuple(json_fields.build(Joint, data[name], f"{path}: {name}") for name in names)
    if len({joint.id for joint in joints}) < len(joints):
        raise ValueError(f"{path}: two joints have one id, got {[joint.id for joint in joints]}")
    return joints
