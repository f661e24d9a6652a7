from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from xr0_robot import canonical, representations, rotation
from xr0_robot.executor.safety import Safety, Verdict
from xr0_robot.limits import MotionLimit, PlainLimit, PoseLimit
from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.sims.bricks.limits import LIMITS as BRICKS_LIMITS
from xr0_robot.types import Embodiment, Segment

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


def in_other_numbers(rotation_name, unit="si"):
    """The brick arm told in another representation, with a gripper that reads 80 mm closed and 0 open, and
    how its axis-angle vectors are written in it."""
    size = 3 + len(representations.NAMES[rotation_name])
    pose = Segment("arm.pose", "pose", "chunk_start", 0, 0, size, rotation_name, unit)
    gripper = Segment("arm.gripper", "gripper", "absolute", size, 6, 1, closed=80.0, open=0.0)
    robot = replace(BRICKS, segments=(pose, gripper))
    limits = {"arm.pose": POSE, "arm.gripper": PlainLimit(0.0, 80.0, rate=80.0 * GRIPPER.rate)}

    def written(vector):
        parts = canonical.to_native(vector[:6], pose), canonical.to_native(vector[6:], gripper)
        return np.concatenate(parts)

    return robot, limits, written


OTHERS = [(name, "si") for name in sorted(representations.NAMES)] + [("euler_xyz", "degrees")]


@pytest.mark.parametrize("how", OTHERS)
def test_limits_mean_the_same_in_every_representation(how):
    robot, limits, written = in_other_numbers(*how)
    plain, other = Safety(BRICKS, BRICKS_LIMITS), Safety(robot, limits)
    plain.reset(START)
    other.reset(written(START))
    for wanted in START + np.random.default_rng(0).normal(0.0, 0.1, (20, 7)):
        ours, theirs = plain.check(wanted), other.check(written(wanted))
        assert set(theirs.clamped) - {"arm.gripper range"} == set(ours.clamped) - {"arm.gripper range"}
        sent = [canonical.to_canonical(theirs.command[s.native_slice], s) for s in robot.segments]
        np.testing.assert_allclose(sent[0][:3], ours.command[:3], atol=1e-9)
        np.testing.assert_allclose(rotation.exp(sent[0][3:]), rotation.exp(ours.command[3:6]), atol=1e-9)
        np.testing.assert_allclose(sent[1], ours.command[6:], atol=1e-9)


@pytest.mark.parametrize("how", OTHERS)
def test_what_breaks_no_limit_keeps_its_bits_in_every_representation(how):
    robot, limits, written = in_other_numbers(*how)
    safety = Safety(robot, limits)
    safety.reset(written(START))
    for wanted in (START, START + np.array([0.01, 0.0, -0.01, 0.01, 0.0, 0.02, 0.1])):
        told = written(wanted)
        if how[0].startswith("quaternion"):
            told[3:7] *= -1.0  # the same rotation
        assert safety.check(told).command.tolist() == told.tolist()
    told[0] = 9.0
    assert safety.check(told).command[3:-1].tolist() == told[3:-1].tolist()


def test_a_rotation_that_is_none_is_refused_and_no_robot_begins_with_one():
    robot, limits, written = in_other_numbers("quaternion_xyzw")
    safety = Safety(robot, limits)
    with pytest.raises(ValueError, match=r"arm\.pose: got \[0.0, 0.0, 0.0, 0.0\], expected a rotation"):
        safety.reset(np.zeros(8))
    safety.reset(written(START))
    verdict = safety.check(np.zeros(8))
    assert verdict.command.tolist() == written(START).tolist()
    assert verdict.refused is not None and verdict.refused.startswith("arm.pose: got [0.0")


def test_what_is_measured_in_other_numbers_begins_as_the_command_writes_it():
    robot, limits, written = in_other_numbers("euler_xyz", "degrees")
    stroke = Segment("arm.gripper", "gripper", "absolute", native=6, model=6, size=1, closed=0.0, open=1.0)
    safety = Safety(replace(robot, sensed=(BRICKS.segments[0], stroke)), limits)
    safety.reset(START)
    np.testing.assert_allclose(safety.hold(), written(START), atol=1e-12)


MOVER = Embodiment(
    name="mover",
    rate_hz=10.0,
    cameras=(),
    segments=(
        Segment("gripper", "plain", "absolute", native=0, model=0, size=1),
        Segment("motion", "plain", "previous", native=1, model=1, size=3),
        Segment("joints", "plain", "absolute", native=4, model=4, size=2),
    ),
    model_dim=32,
    frame="",
    gripper="",
    sensed=(
        Segment("camera.pose", "plain", "absolute", native=0, model=None, size=4),
        Segment("joints", "plain", "absolute", native=4, model=0, size=2),
    ),
)
MOVER_LIMITS = {
    "gripper": PlainLimit(-1.0, 1.0, rate=5.0, start=-1.0),
    "motion": MotionLimit((-1.0, -1.0, 0.0), (1.0, 1.0, 0.5), magnitude=1.2),
    "joints": PlainLimit((-1.0, -2.0), (1.0, 2.0), rate=(1.0, 4.0)),
}
"""Told motions, joints that are measured at another place, and a gripper that nothing measures."""


@pytest.fixture
def mover():
    safety = Safety(MOVER, MOVER_LIMITS)
    safety.reset(np.array([9.0, 9.0, 9.0, 9.0, 0.3, -0.4]))
    return safety


def test_a_robot_begins_still_where_it_is_measured_and_elsewhere_as_its_limits_say(mover):
    assert mover.hold().tolist() == [-1.0, 0.0, 0.0, 0.0, 0.3, -0.4]


def test_to_hold_is_no_motion_and_the_last_of_all_else(mover):
    wanted = np.array([-0.8, 0.5, -0.5, 0.2, 0.35, -0.3])
    assert mover.check(wanted) == Verdict(pytest.approx(wanted))
    assert mover.hold().tolist() == [-0.8, 0.0, 0.0, 0.0, 0.35, -0.3]
    refused = mover.check(np.full(6, np.nan))
    assert refused.command.tolist() == mover.hold().tolist() and refused.refused is not None


def test_a_motion_is_clamped_to_its_range_and_shortened_in_its_direction_but_not_against_the_last(mover):
    for sign in (1.0, -1.0, 1.0):
        assert mover.check(np.array([-1, sign, 0, 0, 0.3, -0.4])).clamped == ()
    verdict = mover.check(np.array([-1, 3.0, -1.0, -7.0, 0.3, -0.4]))
    assert verdict.command[1:4] == pytest.approx(np.array([1.0, -1.0, 0.0]) * 1.2 / 2**0.5)
    assert verdict.clamped == ("motion range", "motion magnitude")


def test_each_joint_has_a_range_and_a_rate_of_its_own(mover):
    verdict = mover.check(np.array([-1, 0, 0, 0, 5.0, 5.0]))
    assert verdict.command[4:] == pytest.approx([0.3 + 0.1, -0.4 + 0.4])
    assert verdict.clamped == ("joints range", "joints rate")


@given(st.lists(npst.arrays(float, 6, elements=HOSTILE), min_size=1, max_size=8))
def test_no_sequence_of_motions_leaves_its_limits_and_a_preview_is_what_is_sent(commands):
    safety = Safety(MOVER, MOVER_LIMITS)
    safety.reset(np.zeros(6))
    preview, last = safety.preview(np.stack(commands)), safety.hold()
    sent = np.stack([safety.check(command).command for command in commands])
    assert np.array_equal(preview, sent)
    low, high = [-1, -1, -1, 0, -1, -2], [1, 1, 1, 0.5, 1, 2]
    assert ((sent >= low) & (sent <= high)).all()
    assert (np.linalg.norm(sent[:, 1:4], axis=1) <= 1.2 + 1e-12).all()
    steps = np.abs(np.diff(np.concatenate([last[None], sent]), axis=0))[:, [0, 4, 5]]
    assert (steps <= np.array([0.5, 0.1, 0.4]) + 1e-9).all()


@pytest.mark.parametrize(
    "limits, message",
    [
        (
            {"motion": PlainLimit(-1.0, 1.0, 1.0)},
            "motion is a plain segment, anchor previous: .* a MotionLimit",
        ),
        ({"joints": MotionLimit(-1.0, 1.0)}, "joints is a plain segment, anchor absolute: .* a PlainLimit"),
        ({"joints": PlainLimit((0.0,) * 3, (1.0,) * 3, 1.0)}, "got 3 numbers for low, expected one or 2"),
        ({"gripper": PlainLimit(-1.0, 1.0, 1.0)}, "does not measure gripper: .* expected a start"),
        ({"joints": PlainLimit(-1.0, 1.0, 1.0, start=0.0)}, "measures joints: .* expected no start"),
    ],
)
def test_limits_that_do_not_fit_the_robot_are_refused(limits, message):
    with pytest.raises(ValueError, match=message):
        Safety(MOVER, {**MOVER_LIMITS, **limits})


def test_every_segment_needs_a_limit_of_its_kind():
    with pytest.raises(ValueError, match="expected"):
        Safety(BRICKS, {"arm.pose": POSE})
    with pytest.raises(ValueError, match="is a gripper segment"):
        Safety(BRICKS, {"arm.pose": POSE, "arm.gripper": POSE})


def test_limits_that_allow_nothing_are_refused():
    with pytest.raises(ValueError, match="low < high"):
        PoseLimit((0.0, 0.0, 0.0), (1.0, 0.0, 1.0), 1.0, 1.0)
    with pytest.raises(ValueError, match="rate > 0"):
        PlainLimit(0.0, 1.0, 0.0)
    with pytest.raises(ValueError, match="low < high"):
        PlainLimit((0.0, 1.0), (1.0, 1.0), 1.0)
    with pytest.raises(ValueError, match=r"got tuples of \[2, 3\] numbers"):
        PlainLimit((0.0, 0.0), (1.0, 1.0, 1.0), 1.0)
    with pytest.raises(ValueError, match=r"got start 2\.0, expected 0.0 to 1.0"):
        PlainLimit(0.0, 1.0, 1.0, start=2.0)
    with pytest.raises(ValueError, match="low <= 0 <= high"):
        MotionLimit(0.1, 1.0)
