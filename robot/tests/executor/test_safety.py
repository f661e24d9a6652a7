import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from xr0_robot import rotation
from xr0_robot.executor.safety import Safety
from xr0_robot.limits import PlainLimit, PoseLimit
from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.sims.bricks.limits import LIMITS as BRICKS_LIMITS

START = np.array([0.4, 0.0, 0.2, 0.0, 0.0, 0.3, 0.5])
POSE = BRICKS_LIMITS["arm.pose"]
GRIPPER = BRICKS_LIMITS["arm.gripper"]


@pytest.fixture
def safety():
    safety = Safety(BRICKS, BRICKS_LIMITS)
    safety.reset(START)
    return safety


def test_a_command_within_the_limits_keeps_its_bits(safety):
    wanted = START + np.array([0.01, 0.0, -0.01, 0.01, 0.0, 0.02, 0.1])
    verdict = safety.check(wanted)
    assert verdict.command.tolist() == wanted.tolist()
    assert verdict.clamped == () and verdict.refused is None


def test_a_jump_becomes_a_step_of_the_allowed_speed_in_its_direction(safety):
    wanted = START.copy()
    wanted[:3] += [0.3, 0.4, 0.0]
    wanted[1] = 0.3
    verdict = safety.check(wanted)
    step = verdict.command[:3] - START[:3]
    assert np.linalg.norm(step) == pytest.approx(POSE.speed_m_s / 30)
    assert np.cross(step, wanted[:3] - START[:3]) == pytest.approx(np.zeros(3), abs=1e-12)
    assert verdict.clamped == ("arm.pose speed",)


def test_a_turn_is_clamped_about_its_own_axis(safety):
    wanted = START.copy()
    wanted[3:6] = rotation.log(rotation.exp(START[3:6]) @ rotation.exp(np.array([0.0, 1.0, 0.0])))
    verdict = safety.check(wanted)
    made = rotation.log(rotation.exp(START[3:6]).T @ rotation.exp(verdict.command[3:6]))
    assert made == pytest.approx([0.0, POSE.turn_rad_s / 30, 0.0], abs=1e-9)
    assert verdict.clamped == ("arm.pose turn",)


def test_the_same_orientation_written_otherwise_is_no_turn(safety):
    wanted = START.copy()
    wanted[5] -= 2 * np.pi
    assert safety.check(wanted).clamped == ()


def test_the_gripper_is_clamped_to_its_range_and_rate(safety):
    wanted = START.copy()
    wanted[6] = 1.4
    verdict = safety.check(wanted)
    assert verdict.command[6] == pytest.approx(START[6] + GRIPPER.rate / 30)
    assert verdict.clamped == ("arm.gripper range", "arm.gripper rate")


@pytest.mark.parametrize(
    "bad", [np.full(7, np.nan), np.array([np.inf, *START[1:]]), np.zeros(6), np.zeros((1, 7))]
)
def test_what_is_no_command_is_refused_and_the_last_one_held(safety, bad):
    safety.check(START + 0.001)
    verdict = safety.check(bad)
    assert verdict.command.tolist() == (START + 0.001).tolist()
    assert verdict.refused is not None and verdict.refused.startswith("command: got")


@given(st.lists(npst.arrays(float, 7, elements=st.floats(-3, 3)), min_size=1, max_size=8))
def test_no_sequence_of_commands_leaves_the_box_or_outruns_the_limits(commands):
    safety = Safety(BRICKS, BRICKS_LIMITS)
    safety.reset(START)
    last = START
    for command in commands:
        sent = safety.check(command).command
        assert (sent[:3] >= np.array(POSE.low) - 1e-9).all() and (
            sent[:3] <= np.array(POSE.high) + 1e-9
        ).all()
        assert np.linalg.norm(sent[:3] - last[:3]) <= POSE.speed_m_s / 30 + 1e-9
        assert rotation.angle_between(sent[3:6], last[3:6]) <= POSE.turn_rad_s / 30 + 1e-6
        assert 0.0 <= sent[6] <= 1.0
        last = sent


def test_every_segment_needs_a_limit_of_its_kind():
    with pytest.raises(ValueError, match="expected"):
        Safety(BRICKS, {"arm.pose": POSE})
    with pytest.raises(ValueError, match="is a plain segment"):
        Safety(BRICKS, {"arm.pose": POSE, "arm.gripper": POSE})


def test_limits_that_allow_nothing_are_refused():
    with pytest.raises(ValueError, match="low < high"):
        PoseLimit((0.0, 0.0, 0.0), (1.0, 0.0, 1.0), 1.0, 1.0)
    with pytest.raises(ValueError, match="rate > 0"):
        PlainLimit(0.0, 1.0, 0.0)
