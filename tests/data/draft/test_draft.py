"""A draft of a robot says of every number what it is, from names and numbers."""

import numpy as np
import planted
import pytest

from xr0.data.check.check import check
from xr0.data.check.survey import survey
from xr0.data.draft.draft import draft
from xr0.data.lerobot import LeRobotDataset
from xr0_robot.features import ACTION, STATE
from xr0_robot.types import Embodiment


def drafted(root):
    return draft(survey(LeRobotDataset.open(root)))


def described(robot):
    return [(s.name, s.kind, s.anchor, s.native, s.model, s.size) for s in robot.segments]


def test_measured_joints_are_anchored_and_a_gripper_is_a_stroke(tmp_path):
    found = drafted(planted.make(tmp_path / "set"))
    assert described(found.robot) == [
        ("arm.joints", "plain", "chunk_start", 0, 0, 4),
        ("arm.gripper", "gripper", "absolute", 4, 4, 1),
    ]
    gripper = found.robot.segments[1]
    assert (gripper.closed, gripper.open) == pytest.approx((0, 1), abs=0.03)
    assert (found.robot.name, found.robot.rate_hz, found.robot.model_dim) == ("toy", 30.0, 32)
    camera = found.robot.cameras[0]
    assert (camera.key, camera.title, camera.size, camera.crop) == ("front", "Base View", (32, 48), 0.95)
    assert any("arm.gripper: closed at" in note and "check which is which" in note for note in found.notes)


def test_draft_passes_its_own_check_and_survives_json(tmp_path):
    root = planted.make(tmp_path / "set")
    robot = drafted(root).robot
    assert Embodiment.from_dict(robot.to_dict()) == robot
    assert check(survey(LeRobotDataset.open(root)), robot).passed


def test_degrees_are_seen_in_the_range(tmp_path):
    def plant(episodes):
        for episode in episodes:
            for feature in (STATE, ACTION):
                episode[feature][:, :4] = np.rad2deg(episode[feature][:, :4])

    assert [s.unit for s in drafted(planted.make(tmp_path / "set", plant)).robot.segments] == [
        "degrees",
        "si",
    ]


POSE = ("x", "y", "z", "roll", "pitch", "yaw", "gripper")


def test_motions_are_told_by_what_they_do_to_the_state(tmp_path):
    """As the LIBERO conversions: pose in the state, motions under the same names in the action."""

    def plant(episodes):
        for episode in episodes:
            moved = np.diff(episode[STATE], axis=0, append=episode[STATE][-1:])
            episode[ACTION][:, :6] = 20 * moved[:, :6]

    robot = drafted(planted.make(tmp_path / "set", plant, names=POSE)).robot
    assert described(robot)[0] == ("arm.pose", "plain", "previous", 0, 0, 6)
    assert robot.sensed[0].kind == "pose" and robot.sensed[0].rotation == "euler_xyz"


def test_an_axis_angle_under_the_names_of_euler_angles(tmp_path):
    """No pitch reaches 2 rad."""

    def plant(episodes):
        for episode in episodes:
            for feature in (STATE, ACTION):
                episode[feature][:, 4] *= 3

    robot = drafted(planted.make(tmp_path / "set", plant, names=POSE)).robot
    assert (robot.segments[0].kind, robot.segments[0].rotation) == ("pose", "axis_angle")
    assert robot.segments[0].anchor == "chunk_start"


def test_a_gripper_command_against_the_measured_width_is_closed_at_its_high_end(tmp_path):
    def plant(episodes):
        for episode in episodes:
            episode[ACTION][:, -1] = 1 - 2 * episode[ACTION][:, -1]  # -1 open, 1 closed
            episode[STATE][:, -1] *= 0.08

    robot = drafted(planted.make(tmp_path / "set", plant)).robot
    told, sensed = robot.segments[1], robot.sensed[1]
    assert (told.closed, told.open) == pytest.approx((1, -1), abs=0.06)
    assert (sensed.closed, sensed.open) == pytest.approx((0, 0.08), abs=0.003)


def test_many_numbers_widen_the_model(tmp_path):
    names = tuple(f"joint_{k}" for k in range(40))
    found = drafted(planted.make(tmp_path / "set", names=names))
    assert found.robot.model_dim == 40 and found.notes[1].startswith("model_dim: more than the 32 slots")


def test_real_robot_hands_are_fingers_not_grippers(g1_dir):
    robot = drafted(g1_dir).robot
    assert [(s.name, s.kind, s.size) for s in robot.segments] == [
        ("left.joints", "plain", 7),
        ("right.joints", "plain", 7),
        ("left.hand", "plain", 6),
        ("right.hand", "plain", 6),
    ]
    assert robot.cameras[0].title == "Ego View" and robot.sensed is None
