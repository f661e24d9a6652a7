"""Robot data: what is held out, what is shown behind the end, and data of another robot refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xr0.data.robot import RobotData
from xr0_robot.record.lerobot_writer import LeRobotWriter
from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.types import Embodiment, Segment

HORIZON = 5


def record(root: Path, episodes: int = 3, embodiment: Embodiment = BRICKS) -> Path:
    """Episodes of 30 ticks in which all numbers rise."""
    images = {c.key: np.zeros((*c.size, 3), np.uint8) for c in embodiment.cameras}
    with LeRobotWriter(root, embodiment, 30, "robot") as writer:
        for _ in range(episodes):
            for tick in range(30):
                state = np.full(embodiment.state_dim, 0.02 * tick)
                action = np.full(embodiment.native_dim, 0.02 * tick + 0.1)
                writer.add_frame(images, state, action, "put the red brick in the left bin")
            writer.save_episode()
    return root


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> RobotData:
    root = tmp_path_factory.mktemp("data")
    return RobotData.load(record(root / "demos"), root / "frames", stride=1, horizon=HORIZON, workers=1)


def test_held_out_samples_are_never_drawn(data: RobotData) -> None:
    weight = np.linspace(1.0, 2.0, len(data.actions))
    held = data.held_out(weight, 8)
    trained = data.training_only(weight)
    assert len(held) == 8
    assert len(set(data.windows.episode[held])) == 1
    assert not trained[data.windows.episode == data.windows.episode[held[0]]].any()
    np.testing.assert_array_equal(trained[data.training], weight[data.training])


def test_behind_the_end_the_demonstration_is_to_stay(data: RobotData) -> None:
    last = np.flatnonzero(data.windows.frame == 29)[0]
    native = data.windows.actions[last]
    assert (native == native[0]).all()


def test_data_at_another_rate_or_of_another_robot_is_refused(tmp_path: Path) -> None:
    root = record(tmp_path / "demos", episodes=2)
    path = root / "meta/embodiment.json"
    path.write_text(json.dumps(replace(BRICKS, rate_hz=50.0).to_dict()))
    with pytest.raises(ValueError, match="recorded at 30 Hz, embodiment bricks runs at 50 Hz"):
        RobotData.load(root, tmp_path / "frames", 1, HORIZON, 1)
    path.write_text(json.dumps(replace(BRICKS, segments=BRICKS.segments[:1]).to_dict()))
    with pytest.raises(ValueError, match="state has 7 numbers, embodiment bricks has 6"):
        RobotData.load(root, tmp_path / "frames", 1, HORIZON, 1)
    path.write_text(json.dumps(BRICKS.to_dict() | {"cameras": "wrong"}))
    with pytest.raises(ValueError, match=r"meta/embodiment\.json: cameras: got str, expected a list"):
        RobotData.load(root, tmp_path / "frames", 1, HORIZON, 1)
    path.unlink()
    with pytest.raises(FileNotFoundError, match="no meta"):
        RobotData.load(root, tmp_path / "frames", 1, HORIZON, 1)


def told_motions(name: str) -> Embodiment:
    """Told a motion of its pose and an absolute gripper, and senses more than it is told."""
    pose, gripper = BRICKS.segments
    sensed = (*BRICKS.segments, Segment("arm.joints", "plain", "absolute", native=7, model=7, size=6))
    return replace(BRICKS, name=name, segments=(replace(pose, anchor="previous"), gripper), sensed=sensed)


def test_behind_the_end_a_robot_told_motions_is_told_none(tmp_path: Path) -> None:
    root = record(tmp_path / "demos", embodiment=told_motions("arm"))
    data = RobotData.load(root, tmp_path / "frames", 1, HORIZON, 1)
    (shown, *_) = data.stats.unnormalize_actions(data.actions[data.windows.frame == 28])
    np.testing.assert_allclose(shown[0, :7], 0.66, atol=1e-6)
    np.testing.assert_allclose(shown[1:, 6], 0.68, atol=1e-6)
    np.testing.assert_allclose(shown[1, :6], 0.68, atol=1e-6)
    np.testing.assert_allclose(shown[2:, :6], 0.0, atol=1e-6)
    assert not shown[:, 7:].any()


def test_a_state_wider_than_the_command_is_drawn_and_held_out_like_any(tmp_path: Path) -> None:
    root = record(tmp_path / "demos", embodiment=told_motions("arm"))
    data = RobotData.load(root, tmp_path / "frames", 1, HORIZON, 1)
    even = np.ones(len(data.actions))
    assert data.training_only(even).sum() == len(data.training)
    assert set(data.held_out(even, 4)) <= set(data.validation)
