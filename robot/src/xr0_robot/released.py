"""The robots of the released Xiaomi-Robotics-0 checkpoints, as data: prompts, pictures and layouts are those
of the released clients (eval_libero, eval_calvin, eval_simplerenv: main.py) and of mibot/utils/io.py.

A checkpoint holds statistics for each of its robot types; `RELEASED` says what such a type sees, senses and
is told. What the releases leave undocumented stays so: `UNDOCUMENTED` types need their views named.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from xr0_robot.limits import GRIPPER_TOLERANCE, Limits, MotionLimit, Numbers, PlainLimit
from xr0_robot.types import MODEL_DIM, Camera, Embodiment, Segment

BASE = Camera("base", "Base View", None, None)
LEFT_WRIST = Camera("wrist_left", "Left-Wrist View", None, None)
RIGHT_WRIST = Camera("wrist_right", "Right-Wrist View", None, None)

CLIENT_CROP = 0.95
"""Middle share of each side that the released CALVIN and SimplerEnv clients keep of a picture."""

MOTION = (
    Segment("arm.motion", "plain", "previous", native=0, model=0, size=6),
    Segment("arm.gripper", "plain", "absolute", native=6, model=6, size=1),
)
"""Commands of the simulated benchmarks: translation, rotation and gripper, as their controllers take them."""


def _sensed(*parts: tuple[str, int, int]) -> tuple[Segment, ...]:
    """Runs of numbers in a row, each with its name, its size and its first slot in the model's state."""
    segments, native = [], 0
    for name, size, model in parts:
        segments.append(Segment(name, "plain", "absolute", native, model, size))
        native += size
    return tuple(segments)


def _benchmark(
    name: str,
    rate_hz: float,
    cameras: tuple[Camera, ...],
    sensed: tuple[Segment, ...],
    frame: str,
    gripper: str,
    lower_case: bool,
) -> Embodiment:
    return Embodiment(name, rate_hz, cameras, MOTION, MODEL_DIM, frame, gripper, sensed, lower_case)


LIBERO = _benchmark(
    "libero",
    20.0,
    (replace(BASE, rotate=180), replace(LEFT_WRIST, rotate=180)),
    _sensed(("arm.position", 3, 0), ("arm.axis_angle", 3, 3), ("arm.fingers", 2, 6)),
    "robosuite's world; motions as its OSC_POSE controller takes them",
    "as robosuite takes it: -1 open, 1 closed",
    lower_case=True,
)
CALVIN = _benchmark(
    "calvin",
    30.0,
    (replace(BASE, crop=CLIENT_CROP), replace(LEFT_WRIST, crop=CLIENT_CROP)),
    _sensed(("arm.position", 3, 0), ("arm.euler", 3, 3), ("arm.width", 1, 6)),
    "CALVIN's world, relative actions",
    "1 open, -1 closed, by the sign",
    lower_case=True,
)
WIDOWX = _benchmark(
    "widowx",
    5.0,
    (Camera("base", "Base View", 256, 256, crop=CLIENT_CROP),),
    _sensed(("arm.position", 3, 0), ("arm.roll_pitch_yaw", 3, 3), ("arm.openness", 1, 7)),
    "base frame, turned so that a hand pointing down has no rotation; motions turn by roll, pitch, yaw",
    "0 closed, 1 open, by 0.5",
    lower_case=False,
)
GOOGLE_ROBOT = _benchmark(
    "google_robot",
    3.0,
    (Camera("base", "Ego View", 256, 320, crop=CLIENT_CROP),),
    _sensed(("arm.position", 3, 0), ("arm.quaternion_xyzw", 4, 3), ("arm.closedness", 1, 7)),
    "base frame; motions turn by roll, pitch, yaw",
    "commanded: 0 closed, 1 open, mapped to 1..-1; sensed: 0 open, 1 closed",
    lower_case=False,
)


def _limits(low: Numbers, high: Numbers, closed: float, opened: float) -> Limits:
    """Of a simulated benchmark. Its gripper begins open, and no rate of it is known."""
    span = min(closed, opened), max(closed, opened)
    return {
        "arm.motion": MotionLimit(low, high, tolerance=GRIPPER_TOLERANCE),
        "arm.gripper": PlainLimit(*span, rate=math.inf, tolerance=GRIPPER_TOLERANCE, start=opened),
    }


_SIMPLER_MOTION = (1.0,) * 3 + (math.pi / 2,) * 3

LIMITS: Mapping[str, Limits] = {
    # robosuite 1.4, controllers/config/osc_pose.json: input_min -1, input_max 1.
    "libero": _limits(-1.0, 1.0, closed=1.0, opened=-1.0),
    # mees/calvin, dataset/README.md: relative actions are clipped to (-1, 1).
    "calvin": _limits(-1.0, 1.0, closed=-1.0, opened=1.0),
    # simpler-env/ManiSkill2_real2sim, agents/configs/{widowx,google_robot}/defaults.py: +-1 m, +-pi/2, and
    # not enforced there (normalize_action=False).
    "widowx": _limits(tuple(-x for x in _SIMPLER_MOTION), _SIMPLER_MOTION, closed=0.0, opened=1.0),
    "google_robot": _limits(tuple(-x for x in _SIMPLER_MOTION), _SIMPLER_MOTION, closed=0.0, opened=1.0),
}
"""By the embodiment's name: the input ranges of the simulated controllers. They keep a simulator within its
inputs; they are no limits for a real arm, whose own belong to whoever mounts it."""


def _arm(name: str, native: int, model: int) -> tuple[tuple[Segment, ...], tuple[Segment, ...]]:
    """State and command segments of one 6-joint arm; the model sees all but the measured pose."""
    gripper, joints = native + 6, native + 7
    sensed = (
        Segment(f"{name}.pose", "pose", "absolute", native, None, 6),
        Segment(f"{name}.gripper", "plain", "absolute", gripper, model + 6, 1),
        Segment(f"{name}.joints", "plain", "absolute", joints, model + 7, 6),
    )
    told = (
        Segment(f"{name}.pose", "pose", "chunk_start", native, model, 6),
        Segment(f"{name}.gripper", "plain", "chunk_start", gripper, model + 6, 1),
        Segment(f"{name}.joints", "plain", "chunk_start", joints, model + 7, 6),
    )
    return sensed, told


_LEFT, _RIGHT = _arm("left", native=0, model=0), _arm("right", native=13, model=14)

XR0_BIMANUAL = Embodiment(
    name="xr0_bimanual",
    rate_hz=30.0,
    cameras=(Camera("ego", "Ego View", None, None), LEFT_WRIST, RIGHT_WRIST),
    segments=(*_LEFT[1], *_RIGHT[1]),
    model_dim=MODEL_DIM,
    frame="each arm's base frame; the end effector's frame as its forward kinematics gives it",
    gripper="the training data's unit",
    sensed=(*_LEFT[0], *_RIGHT[0]),
)
"""Two 6-joint arms, the layout of the released post-training code."""

RELEASED = {
    "libero_all": LIBERO,
    "calvin_abcd_orig": CALVIN,
    "calvin_abc_orig": CALVIN,
    "bridge_delta": WIDOWX,
    "fractal_delta": GOOGLE_ROBOT,
}
"""By robot type, as the checkpoints name it."""

UNDOCUMENTED = {"agibot_pt_v3": 30.0, "droid_pt": 15.0, "midata_mix_ann_pt_v1": 30.0, "molmoact_pt": 15.0}
"""Robot types of the Pretrain checkpoint and their rates [Hz], taking a chunk for a second as the paper does.
What their slots mean, and in which unit, was not published."""


def undocumented(robot_type: str, titles: Sequence[str]) -> Embodiment:
    """A robot whose vectors are the model's own 32 slots; its cameras are keyed view_0, view_1 ..."""
    if robot_type not in UNDOCUMENTED:
        raise ValueError(f"robot type {robot_type!r}: expected one of {', '.join(sorted(UNDOCUMENTED))}")
    if not titles:
        raise ValueError(
            f"robot type {robot_type}: its views were not published, name them, e.g. --views 'Ego View'"
        )
    return Embodiment(
        name=robot_type,
        rate_hz=UNDOCUMENTED[robot_type],
        cameras=tuple(Camera(f"view_{k}", title, None, None) for k, title in enumerate(titles)),
        segments=(Segment("slots", "plain", "previous", native=0, model=0, size=MODEL_DIM),),
        model_dim=MODEL_DIM,
        frame="not published",
        gripper="not published",
        sensed=_sensed(("slots", MODEL_DIM, 0)),
    )
