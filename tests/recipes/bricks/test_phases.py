"""Frames of the brick table are drawn by what the hand does."""

from dataclasses import replace

import numpy as np
import pytest

from xr0.data.source import Source, Windows
from xr0.recipes.bricks.phases import PhaseWeights
from xr0_robot.record.lerobot_writer import LeRobotWriter
from xr0_robot.sims.bricks.embodiment import BRICKS

PHASES = PhaseWeights(idle=0.1, holding=0.3, closing=2.5, recovering=4.0)


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Windows:
    """Episodes of 30 ticks: move, close on something that keeps the fingers open, then rest."""
    root = tmp_path_factory.mktemp("data")
    images = {c.key: np.zeros((*c.size, 3), np.uint8) for c in BRICKS.cameras}
    with LeRobotWriter(root / "demos", BRICKS, 30, "bricks") as writer:
        for _ in range(2):
            for tick in range(30):
                state = np.zeros(7)
                state[0], state[6] = 0.3 + 0.02 * min(tick, 9), 1.0 if tick < 10 else 0.4
                action = state.copy()
                action[0] += 0.02 * (tick < 10)
                action[6] = 1.0 if tick < 10 else 0.0 if tick < 20 else 0.4
                writer.add_frame(images, state, action, "put the red brick in the left bin")
            writer.save_episode()
    return Source.open(root / "demos", horizon=5).windows(0, np.arange(30))


def test_reaching_closing_holding_and_rest_have_their_weights(windows: Windows) -> None:
    weights = PHASES(windows, BRICKS)
    assert weights[0] == pytest.approx(1.0)
    assert weights[7] == pytest.approx(PHASES.closing)
    assert weights[12] == pytest.approx(PHASES.holding)
    assert weights[25] == pytest.approx(PHASES.idle)
    mistaken = replace(windows, committed=np.where(np.arange(30) == 7, 2, 0))
    assert PHASES(mistaken, BRICKS)[7] == pytest.approx(PHASES.closing * PHASES.recovering)
    assert (np.delete(PHASES(mistaken, BRICKS), 7) == np.delete(weights, 7)).all()


def test_a_robot_whose_commands_are_not_its_state_s_numbers_is_refused(windows: Windows) -> None:
    pose, gripper = BRICKS.segments
    joints = replace(gripper, name="arm.joint")
    for segments in ((pose, joints), (replace(pose, anchor="previous"), gripper)):
        other = replace(BRICKS, name="arm", segments=segments)
        with pytest.raises(ValueError, match=r"robot arm, expected absolute .* segment arm\.gripper"):
            PHASES(windows, other)
