"""Names as robots in the wild have them."""

import pytest

from xr0.data.draft.groups import groups
from xr0.data.draft.names import numbers, words
from xr0.data.lerobot_meta import Feature


@pytest.mark.parametrize(
    "names",
    [
        ["a", "b"],
        [["a", "b"]],
        {"motors": ["a", "b"]},
        {"b": 1, "a": 0},
        ["a b"],
        "a, b",
    ],
)
def test_every_way_to_write_names(names):
    assert numbers(Feature("float32", (2,), names), "state") == ("a", "b")


def test_lists_of_several_parts_keep_their_parts_names():
    found = numbers(Feature("float32", (4,), {"left": ["x", "y"], "right": ["x", "y"]}), "state")
    assert found == ("left.x", "left.y", "right.x", "right.y")


@pytest.mark.parametrize("names", [None, ["only"], ["a", "b", "c"]])
def test_numbers_without_names_are_counted(names):
    assert numbers(Feature("float32", (2,), names), "state") == ("state_0", "state_1")


def test_words_do_not_depend_on_the_way_of_writing():
    assert (
        words("kRightWristYaw")
        == words("right_wrist_yaw")
        == words("right-wrist/yaw")
        == ["right", "wrist", "yaw"]
    )


ALOHA = ("waist", "shoulder", "elbow", "forearm_roll", "wrist_angle", "wrist_rotate", "gripper")
SO101 = ("shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll", "gripper")
POSE = ("x", "y", "z")

KNOWN = {
    "SO-101": ([f"main_{n}" for n in SO101], ["arm.joints 5", "arm.gripper 1"]),
    "two SO-101": (
        [f"{side}_{n}.pos" for side in ("left", "right") for n in SO101],
        ["left.joints 5", "left.gripper 1", "right.joints 5", "right.gripper 1"],
    ),
    "ALOHA": (
        [f"{side}_{n}" for side in ("left", "right") for n in ALOHA],
        ["left.joints 6", "left.gripper 1", "right.joints 6", "right.gripper 1"],
    ),
    "G1": (
        [
            "kLeftShoulderPitch",
            "kLeftElbow",
            "kRightWristYaw",
            "kLeftHandPinky",
            "kLeftHandThumbBend",
            "kRightHandIndex",
        ],
        ["left.joints 2", "right.joints 1", "left.hand 2", "right.hand 1"],
    ),
    "DROID": ([*(f"joint_{k}" for k in range(7)), "gripper"], ["arm.joints 7", "arm.gripper 1"]),
    "LIBERO": ([*POSE, "roll", "pitch", "yaw", "gripper"], ["arm.pose 6 euler_xyz", "arm.gripper 1"]),
    "quaternion": ([*POSE, "qx", "qy", "qz", "qw"], ["arm.pose 7 quaternion_xyzw"]),
    "quaternion, w first": (
        [f"ee.{n}" for n in (*POSE, "qw", "qx", "qy", "qz")],
        ["arm.pose 7 quaternion_wxyz"],
    ),
    "6-D": ([*POSE, *(f"rot6d_{k}" for k in range(6))], ["arm.pose 9 rotation_6d"]),
    "matrix": ([*POSE, *(f"rotmat_{k}" for k in range(9))], ["arm.pose 12 matrix"]),
    "axis-angle": ([f"arm.pose.{n}" for n in (*POSE, "rx", "ry", "rz")], ["arm.pose 6 axis_angle"]),
    "two poses": (
        [f"{side}_{n}" for side in ("left", "right") for n in (*POSE, "rx", "ry", "rz")],
        ["left.pose 6 axis_angle", "right.pose 6 axis_angle"],
    ),
    "position alone": ([*POSE, "gripper"], ["arm.position 3", "arm.gripper 1"]),
    "mobile base": (
        [*(f"joint_{k}" for k in range(6)), "base_vx", "base_vy", "base_wz"],
        ["arm.joints 6", "arm.base 3"],
    ),
    "no names": (["state_0", "state_1"], ["arm.numbers 2"]),
}


@pytest.mark.parametrize("robot", KNOWN)
def test_groups_of_known_robots(robot):
    labels, expected = KNOWN[robot]
    found = groups(labels)
    assert [f"{g.name} {g.size} {g.rotation}".strip() for g in found] == expected
    assert [k for g in found for k in g.places] == list(range(len(labels)))
