"""Frames of the brick table are drawn by what the hand does."""

from dataclasses import replace

import numpy as np
import pytest

from xr0.data.robot import RobotData
from xr0.recipes.bricks.phases import PhaseWeights, frame_weights
from xr0_robot.record.lerobot_writer import LeRobotWriter
from xr0_robot.sims.bricks.embodiment import BRICKS

PHASES = PhaseWeights(idle=0.1, holding=0.3, closing=2.5)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> RobotData:
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
    return RobotData.load(root / "demos", root / "frames", stride=1, horizon=5, workers=1)


def test_reaching_closing_holding_and_rest_have_their_weights(data: RobotData) -> None:
    for episode in frame_weights(data, PHASES).reshape(2, 30):
        assert episode[0] == pytest.approx(1.0)
        assert episode[7] == pytest.approx(PHASES.closing)
        assert episode[12] == pytest.approx(PHASES.holding)
        assert episode[25] == pytest.approx(PHASES.idle)


def test_a_robot_whose_commands_are_not_its_state_s_numbers_is_refused(data: RobotData) -> None:
    pose, gripper = BRICKS.segments
    joints = replace(gripper, name="arm.joint")
    for segments in ((pose, joints), (replace(pose, anchor="previous"), gripper)):
        other = replace(data, embodiment=replace(BRICKS, name="arm", segments=segments))
        with pytest.raises(ValueError, match=r"robot arm, expected absolute .* segment arm\.gripper"):
            frame_weights(other, PHASES)
