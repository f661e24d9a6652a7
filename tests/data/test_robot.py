"""Robot data: what is drawn how often, what is held out, and data of another robot refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xr0.data.robot import PhaseWeights, RobotData
from xr0_robot.record.lerobot_writer import LeRobotWriter
from xr0_robot.sims.bricks.embodiment import BRICKS

HORIZON = 5
PHASES = PhaseWeights(idle=0.1, holding=0.3, closing=2.5)


def record(root: Path, episodes: int = 3) -> Path:
    """Episodes of 30 ticks: move, close on something that keeps the fingers open, then rest."""
    images = {c.key: np.zeros((c.height, c.width, 3), np.uint8) for c in BRICKS.cameras}
    with LeRobotWriter(root, BRICKS, 30, "bricks") as writer:
        for _ in range(episodes):
            for tick in range(30):
                state = np.zeros(7)
                state[0], state[6] = 0.3 + 0.02 * min(tick, 9), 1.0 if tick < 10 else 0.4
                action = state.copy()
                action[0] += 0.02 * (tick < 10)
                action[6] = 1.0 if tick < 10 else 0.0 if tick < 20 else 0.4
                writer.add_frame(images, state, action, "put the red brick in the left bin")
            writer.save_episode()
    return root


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> RobotData:
    root = tmp_path_factory.mktemp("data")
    return RobotData.load(record(root / "demos"), root / "frames", stride=1, horizon=HORIZON, workers=1)


def test_frames_are_drawn_by_what_the_hand_does(data: RobotData) -> None:
    weights = data.sampling_weights(PHASES).reshape(3, 30)
    trained = weights[weights.sum(axis=1) > 0]
    assert len(trained) == 2
    for episode in trained:
        assert episode[0] == pytest.approx(1.0)
        assert episode[7] == pytest.approx(PHASES.closing)
        assert episode[12] == pytest.approx(PHASES.holding)
        assert episode[25] == pytest.approx(PHASES.idle)


def test_held_out_samples_are_never_drawn(data: RobotData) -> None:
    held = data.held_out(8, PHASES)
    assert len(held) == 8
    assert len(set(data.windows.episode[held])) == 1
    assert not data.sampling_weights(PHASES)[held].any()


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
    path.unlink()
    with pytest.raises(FileNotFoundError, match="no meta"):
        RobotData.load(root, tmp_path / "frames", 1, HORIZON, 1)


def test_behind_the_end_a_robot_told_motions_is_told_none(tmp_path: Path) -> None:
    """The pose is a motion from tick to tick, the gripper an absolute number."""
    moving = tuple(replace(s, anchor="previous") if s.kind == "pose" else s for s in BRICKS.segments)
    root = record(tmp_path / "demos")
    (root / "meta/embodiment.json").write_text(json.dumps(replace(BRICKS, segments=moving).to_dict()))
    data = RobotData.load(root, tmp_path / "frames", 1, HORIZON, 1)
    shown = data.stats.unnormalize_actions(data.actions[data.windows.frame == 28])
    recorded = data.windows.actions[data.windows.frame == 28]
    assert (recorded[:, :2, 0] != 0).all()
    np.testing.assert_allclose(shown[:, :2, :7], recorded[:, :2], atol=1e-6)
    np.testing.assert_allclose(shown[:, 2:, :6], 0.0, atol=1e-6)
    np.testing.assert_allclose(shown[:, 2:, 6], 0.4, atol=1e-6)
