"""An SO-101 follower as an Env: joints in degrees, a gripper from 0 to 100, as in LeRobot's datasets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from xr0_robot.limits import GRIPPER_TOLERANCE, Limits, PlainLimit
from xr0_robot.robots.feetech.bus import (
    GOAL_POSITION,
    HOMING_OFFSET,
    MAX_POSITION,
    MIN_POSITION,
    PRESENT_POSITION,
    TORQUE,
    Bus,
    BusError,
)
from xr0_robot.robots.feetech.calibration import STROKE, Joint
from xr0_robot.types import MODEL_DIM, Camera, Embodiment, Observation, Segment, finite_vector

JOINTS = ("shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll", "gripper")
"""From the base to the tool, as LeRobot names and orders them."""

SO101 = Embodiment(
    name="so101",
    rate_hz=30.0,
    cameras=(Camera("front", "Front View", 480, 640), Camera("wrist", "Wrist View", 480, 640)),
    segments=(
        Segment("arm.joints", "plain", "chunk_start", native=0, model=7, size=5, unit="degrees"),
        Segment("arm.gripper", "gripper", "absolute", native=5, model=6, size=1, closed=0.0, open=STROKE),
    ),
    model_dim=MODEL_DIM,
    frame="joint angles from the middle of each calibrated range",
    gripper="0 closed, 100 open",
)

RATE_DEG_S = 120.0
"""Of a joint; unloaded at 7.4 V an STS3215 turns 60 degrees in 0.2 s."""
RATE_STROKE_S = 250.0
"""Of the gripper: open to closed in 0.4 s."""

Pictures = Callable[[], Mapping[str, np.ndarray]]
"""Reads all cameras: key to uint8 [height, width, 3]."""


def limits(joints: Sequence[Joint]) -> Limits:
    """The calibrated ranges, at a pace that people get out of the way of."""
    arm = joints[:-1]
    return {
        "arm.joints": PlainLimit(
            low=tuple(joint.degrees(joint.range_min) for joint in arm),
            high=tuple(joint.degrees(joint.range_max) for joint in arm),
            rate=RATE_DEG_S,
        ),
        "arm.gripper": PlainLimit(low=0.0, high=STROKE, rate=RATE_STROKE_S, tolerance=GRIPPER_TOLERANCE),
    }


class Arm:
    """An Env on a bus. The torque goes on in `reset`, where the arm is, and stays on: an arm without falls.

    It goes off in `release` only, which a person calls with a hand under the arm. ValueError where a servo
    was calibrated otherwise than the file says, BusError where one does not answer, or says that it is
    overloaded or too hot.
    """

    def __init__(
        self,
        bus: Bus,
        joints: Sequence[Joint],
        pictures: Pictures,
        instruction: str,
        embodiment: Embodiment = SO101,
    ) -> None:
        """instruction: where nobody says another; embodiment: SO101, or that with other cameras."""
        if embodiment.segments != SO101.segments or embodiment.sensed is not None:
            raise ValueError(f"so101: got the segments of {embodiment.name}, expected {SO101.segments}")
        self.embodiment = embodiment
        if len(joints) != len(JOINTS):
            raise ValueError(f"so101: got {len(joints)} joints, expected {', '.join(JOINTS)}")
        self._bus = bus
        self._joints = dict(zip(JOINTS, joints, strict=True))
        self._ids = [joint.id for joint in joints]
        self._pictures = pictures
        self._instruction = instruction
        self._check_calibration()

    def reset(self, seed: int, instruction: str | None = None) -> str:
        """Take hold where the arm is; a person has laid the table."""
        self._each(self._hold)
        self._each(lambda servo: self._bus.write(servo, TORQUE, 1))
        return instruction or self._instruction

    def observe(self, instruction: str, time_s: float) -> Observation:
        """All cameras, and the joints now."""
        return Observation(self._pictures(), self.state(), instruction, time_s)

    def state(self) -> np.ndarray:
        """float64 [6]: degrees, and the gripper's stroke."""
        steps = self._bus.read(self._ids, PRESENT_POSITION)
        if self._bus.troubles:
            raise BusError(f"feetech: {self._bus.troubles}")
        *arm, gripper = self._joints.values()
        return np.array(
            [*(joint.degrees(steps[joint.id]) for joint in arm), gripper.stroke(steps[gripper.id])]
        )

    def apply(self, action: np.ndarray) -> None:
        """Goals for all servos in one packet, which a lost one is followed by a tick later."""
        action = finite_vector("action", action, self.embodiment.native_dim)
        *arm, gripper = self._joints.values()
        goals = {
            joint.id: joint.step_at_degrees(value) for joint, value in zip(arm, action[:-1], strict=True)
        }
        self._bus.set(GOAL_POSITION, goals | {gripper.id: gripper.step_at_stroke(action[-1])})

    def stop(self) -> None:
        """Stay here, with torque; a servo that cannot be told keeps its last goal, and is named."""
        self._each(self._hold)

    def release(self) -> None:
        """Torque off: the arm falls unless somebody holds it."""
        self._each(lambda servo: self._bus.write(servo, TORQUE, 0))

    def success(self) -> bool:
        """A person judges."""
        return False

    def close(self) -> None:
        """The torque stays on."""

    def _hold(self, servo: int) -> None:
        self._bus.write(servo, GOAL_POSITION, self._bus.read([servo], PRESENT_POSITION)[servo])

    def _each(self, tell: Callable[[int], None]) -> None:
        """Tell every servo; one that fails keeps none of the others from it."""
        failures = []
        for servo in self._ids:
            try:
                tell(servo)
            except BusError as error:
                failures.append(str(error))
        if failures:
            raise BusError("; ".join(failures))

    def _check_calibration(self) -> None:
        for register, field in (
            (HOMING_OFFSET, "homing_offset"),
            (MIN_POSITION, "range_min"),
            (MAX_POSITION, "range_max"),
        ):
            stored = self._bus.read(self._ids, register)
            for name, joint in self._joints.items():
                expected = getattr(joint, field)
                if stored[joint.id] != expected:
                    raise ValueError(
                        f"so101: {name} has {register.name} {stored[joint.id]}, its calibration file "
                        f"{expected}: calibrate it anew"
                    )
