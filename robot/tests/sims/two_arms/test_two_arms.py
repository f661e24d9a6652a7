"""The two-armed robot: its layout, its frames, its distance."""

import mujoco
import numpy as np
import pytest

from xr0_robot.executor.safety import Safety
from xr0_robot.released import XR0_BIMANUAL
from xr0_robot.sims.two_arms.arms import BASE_Y
from xr0_robot.sims.two_arms.embodiment import SIDES, TWO_ARMS
from xr0_robot.sims.two_arms.limits import HANDS_APART_M, LIMITS
from xr0_robot.sims.two_arms.table import TwoArmTable


@pytest.fixture(scope="module")
def table():
    table = TwoArmTable("", substeps=12)
    yield table
    table.close()


def stand(table, left, right):
    """Both tools at world places [3], pointing down, to close across the robot's own line of sight."""
    table.place(
        {side: np.array([*at, 0, 0, np.pi / 2, 1.0]) for side, at in zip(SIDES, (left, right), strict=True)}
    )
    mujoco.mj_forward(table.model, table.data)


def test_poses_and_grippers_stand_in_the_official_bimanual_slots():
    official = {segment.name: segment.model_slice for segment in XR0_BIMANUAL.segments}
    assert all(segment.model_slice == official[segment.name] for segment in TWO_ARMS.segments)
    assert [c.title for c in TWO_ARMS.cameras] == [c.title for c in XR0_BIMANUAL.cameras]


def test_tools_are_told_and_measured_in_the_world_and_each_arm_has_its_own_frame(table):
    stand(table, (0.4, 0.2, 0.2), (0.4, -0.1, 0.3))
    goal = {
        "left": np.array([0.42, 0.1, 0.15, 0, 0, 0.5, 0.4]),
        "right": np.array([0.3, -0.2, 0.2, 0, 0, -0.5, 1.0]),
    }

    command = table.bring(goal)
    assert command[1] == pytest.approx(0.1 - BASE_Y) and command[8] == pytest.approx(-0.2 + BASE_Y)
    for _ in range(45):
        table.apply(command)
    for side in SIDES:
        assert table.tools()[side] == pytest.approx(goal[side], abs=0.004)


def test_the_limits_know_where_the_other_arm_stands(table):
    """Told to meet, the measured tools keep their distance."""
    stand(table, (0.4, 0.1, 0.2), (0.4, -0.1, 0.2))
    safety = Safety(TWO_ARMS, LIMITS)
    safety.reset(table.state())
    meet = table.bring({side: np.array([0.4, 0.0, 0.2, 0, 0, np.pi / 2, 1.0]) for side in SIDES})
    clamped = set()
    for _ in range(30):
        verdict = safety.check(meet)
        clamped |= set(verdict.clamped)
        table.apply(verdict.command)
    tools = table.tools()
    gap = np.linalg.norm(tools["left"][:3] - tools["right"][:3])
    assert gap == pytest.approx(HANDS_APART_M, abs=0.003)
    assert "left.pose and right.pose apart" in clamped
