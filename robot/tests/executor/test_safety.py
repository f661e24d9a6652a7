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
    "bad",
    [np.full(7, np.nan), np.array([np.inf, *START[1:]]), np.zeros(6), np.zeros((1, 7)), np.full(7, 1e200)],
)
def test_what_is_no_command_is_refused_and_the_last_one_held(safety, bad):
    safety.check(START + 0.001)
    verdict = safety.check(bad)
    assert verdict.command.tolist() == (START + 0.001).tolist()
    assert verdict.refused is not None and verdict.refused.startswith("command: got")


@pytest.mark.parametrize(
    "wanted, sent, clamped", [(1.003, 1.0, ()), (-0.04, 0.0, ()), (1.2, 1.0, ("range",))]
)
def test_a_gripper_told_a_little_beyond_its_end_is_clamped_but_that_is_no_intervention(wanted, sent, clamped):
    safety = Safety(BRICKS, BRICKS_LIMITS)
    safety.reset(np.array([*START[:6], round(sent)]))
    verdict = safety.check(np.array([*START[:6], wanted]))
    assert verdict.command[6] == sent
    assert verdict.clamped == tuple(f"arm.gripper {name}" for name in clamped)


def test_without_a_tolerance_every_clamp_counts():
    strict = Safety(BRICKS, {**BRICKS_LIMITS, "arm.gripper": PlainLimit(low=0.0, high=1.0, rate=10.0)})
    strict.reset(np.array([*START[:6], 1.0]))
    assert strict.check(np.array([*START[:6], 1.0 + 1e-9])).clamped == ("arm.gripper range",)


@given(st.lists(npst.arrays(float, 7, elements=st.floats()), min_size=1, max_size=8))
def test_a_preview_is_exactly_what_is_then_sent_and_changes_nothing(commands):
    safety = Safety(BRICKS, BRICKS_LIMITS)
    safety.reset(START)
    previews = [safety.preview(np.stack(commands)) for _ in range(2)]
    sent = np.stack([safety.check(command).command for command in commands])
    assert all(np.array_equal(preview, sent) for preview in previews)


HOSTILE = st.one_of(st.floats(), st.floats(-3, 3), st.sampled_from([1e9, -1e9, np.pi, 1e-300]))
"""NaN, infinities, overflows, half turns, and what lies about the limits."""


@given(st.lists(npst.arrays(float, 7, elements=HOSTILE), min_size=1, max_size=8))
def test_no_sequence_of_commands_leaves_the_box_outruns_the_limits_or_carries_a_nan(commands):
    safety = Safety(BRICKS, BRICKS_LIMITS)
    safety.reset(START)
    last = START
    for command in commands:
        sent = safety.check(command).command
        assert np.isfinite(sent).all()
        assert (sent[:3] >= np.array(POSE.low) - 1e-9).all() and (
            sent[:3] <= np.array(POSE.high) + 1e-9
        ).all()
        assert np.linalg.norm(sent[:3] - last[:3]) <= POSE.speed_m_s / 30 + 1e-9
        assert rotation.angle_between(sent[3:6], last[3:6]) <= POSE.turn_rad_s / 30 + 1e-6
        assert GRIPPER.low <= sent[6] <= GRIPPER.high
        assert abs(sent[6] - last[6]) <= GRIPPER.rate / 30 + 1e-9
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
