"""Segments as data: what fits no robot is refused by name, what was written before still loads."""

import json
from dataclasses import replace

import pytest

from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.types import Embodiment, Segment

POSE = Segment("arm.pose", "pose", "chunk_start", native=0, model=0, size=6)
GRIPPER = Segment("arm.gripper", "gripper", "absolute", native=6, model=6, size=1, closed=0.08, open=0.0)
JOINTS = Segment("arm.joints", "plain", "absolute", native=7, model=7, size=7)


@pytest.mark.parametrize(
    "segment, change, message",
    [
        (POSE, {"kind": "position"}, "got kind 'position', expected one of pose, plain, gripper"),
        (POSE, {"rotation": "quaternion"}, "got rotation 'quaternion', expected one of axis_angle, quat"),
        (POSE, {"rotation": "euler_xyx", "size": 6}, "got rotation 'euler_xyx'"),
        (
            POSE,
            {"rotation": "quaternion_wxyz"},
            "a pose with rotation quaternion_wxyz has 7 numbers, got size 6",
        ),
        (POSE, {"rotation": "rotation_6d", "size": 9, "unit": "degrees"}, "only angles have degrees"),
        (POSE, {"rotation": "matrix", "size": 12, "anchor": "previous"}, "zeros that are no motion"),
        (POSE, {"closed": 0.0, "open": 1.0}, "got closed 0.0 and open 1.0, only a gripper has them"),
        (POSE, {"anchor": "next"}, "got anchor 'next', expected one of chunk_start, previous, absolute"),
        (JOINTS, {"unit": "radians"}, "got unit 'radians', expected one of si, degrees"),
        (JOINTS, {"rotation": "euler_xyz"}, "got rotation 'euler_xyz', a plain segment has none"),
        (JOINTS, {"native": -1}, "got native -1, model 7, size 7"),
        (JOINTS, {"size": 0}, "got native 7, model 7, size 0"),
        (GRIPPER, {"open": None}, "got closed 0.08, open None, expected its two ends"),
        (GRIPPER, {"open": 0.08}, "got closed 0.08, open 0.08, expected its two ends"),
        (GRIPPER, {"open": float("nan")}, "open nan, expected its two ends"),
        (GRIPPER, {"unit": "degrees"}, "got a gripper with unit degrees, anchor absolute"),
        (GRIPPER, {"anchor": "previous"}, "gripper motions are a plain segment"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(segment, change, message):
    with pytest.raises(ValueError, match=message) as caught:
        replace(segment, **change)
    assert str(caught.value).startswith(f"segment {segment.name}: ") and "\n" not in str(caught.value)


def test_each_number_has_a_name():
    euler = replace(POSE, rotation="euler_ZYX").number_names
    assert euler == tuple(f"arm.pose.{part}" for part in ("x", "y", "z", "yaw", "pitch", "roll"))
    assert replace(POSE, rotation="matrix", size=12).number_names[3:6] == (
        "arm.pose.m00",
        "arm.pose.m01",
        "arm.pose.m02",
    )
    assert GRIPPER.number_names == ("arm.gripper",)
    assert JOINTS.number_names[6] == "arm.joints.6"


def test_a_robot_that_was_written_before_segments_had_units_loads():
    arm = robot(POSE, replace(JOINTS, native=6))
    data = arm.to_dict()
    before = ("name", "kind", "anchor", "native", "model", "size")
    old = [{key: segment[key] for key in before} for segment in data["segments"]]
    assert Embodiment.from_dict(data | {"segments": old}) == arm


def robot(*segments, sensed=None, model_dim=32):
    return replace(BRICKS, segments=segments, sensed=sensed, model_dim=model_dim)


def test_a_robot_of_every_kind_survives_json():
    pose = replace(POSE, rotation="quaternion_wxyz", size=7)
    every = robot(pose, replace(GRIPPER, native=7), replace(JOINTS, native=8, unit="degrees"))
    assert Embodiment.from_dict(json.loads(json.dumps(every.to_dict()))) == every
    wrong = every.to_dict()
    wrong["segments"][1]["open"] = "wide"
    with pytest.raises(ValueError, match=r"segments\[1\]: open: got 'wide', expected float \| None"):
        Embodiment.from_dict(wrong, "a.json")


def test_a_command_and_its_measured_twin_are_of_one_kind_in_any_representation():
    sensed = replace(POSE, rotation="matrix", size=12, model=None)
    told = replace(POSE, rotation="euler_xyz", unit="degrees")
    assert robot(told, sensed=(sensed,)).twin(told) == sensed
    with pytest.raises(ValueError, match="the state has no such segment"):
        robot(told, sensed=(Segment("arm.pose", "plain", "absolute", 0, 0, 6),))


def test_a_pose_takes_six_places_of_the_model_however_it_is_written():
    pose = replace(POSE, rotation="matrix", size=12)
    assert robot(pose, replace(GRIPPER, native=12), model_dim=7).native_dim == 13
    with pytest.raises(ValueError, match="overlap or leave a gap"):
        robot(pose, replace(GRIPPER, native=12, model=5))


@pytest.mark.parametrize(
    "segments, message",
    [
        ((POSE, replace(GRIPPER, name="arm.pose")), "two command segments have one name"),
        ((POSE, replace(GRIPPER, model=None)), "command arm.gripper has no model place"),
    ],
)
def test_a_layout_that_cannot_be_told_is_refused(segments, message):
    with pytest.raises(ValueError, match=message):
        robot(*segments, sensed=(POSE, GRIPPER))
