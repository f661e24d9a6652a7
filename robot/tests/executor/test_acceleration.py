"""Limits of acceleration: what is sent keeps to them, stays in the box, and follows what is wanted."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from xr0_robot import rotation
from xr0_robot.executor import braking
from xr0_robot.executor.safety import Safety
from xr0_robot.limits import MotionLimit, PlainLimit, PoseLimit
from xr0_robot.robots.mock import LIMITS, MOCK
from xr0_robot.types import Embodiment, Segment

START = np.array([0.4, 0.0, 0.2, 0.0, 0.0, 0.3, 0.5])
DT = MOCK.dt
POSE = replace(LIMITS["arm.pose"], acceleration_m_s2=5.0, turn_acceleration_rad_s2=20.0)
GRIPPER = replace(LIMITS["arm.gripper"], acceleration=60.0)
LIMITED = {"arm.pose": POSE, "arm.gripper": GRIPPER}
STEP, TURN, STROKE = 5.0 * DT**2, 20.0 * DT**2, 60.0 * DT**2


def started(limits=LIMITED, state=START):
    safety = Safety(MOCK, limits)
    safety.reset(state)
    return safety


def turns(commands):
    """From one to the next, in the tool's frame [n - 1, 3]."""
    matrices = rotation.exp(commands[:, 3:6])
    return rotation.log(np.swapaxes(matrices[:-1], -1, -2) @ matrices[1:])


def check_kept(commands):
    """Every limit, of commands that begin at rest."""
    at_rest = np.concatenate([commands[:1], commands])
    steps, bends = np.diff(at_rest, axis=0), np.diff(at_rest, n=2, axis=0)
    assert (np.linalg.norm(steps[:, :3], axis=1) <= POSE.speed_m_s * DT + 1e-9).all()
    assert (np.linalg.norm(bends[:, :3], axis=1) <= STEP + 1e-8).all()
    assert (np.linalg.norm(turns(at_rest), axis=1) <= POSE.turn_rad_s * DT + 1e-6).all()
    assert (np.linalg.norm(np.diff(turns(at_rest), axis=0), axis=1) <= TURN + 1e-6).all()
    assert (np.abs(steps[:, 6]) <= GRIPPER.rate * DT + 1e-9).all()
    assert (np.abs(bends[:, 6]) <= STROKE + 1e-8).all()
    assert ((commands[:, :3] >= POSE.low) & (commands[:, :3] <= POSE.high)).all()
    assert ((commands[:, 6] >= 0.0) & (commands[:, 6] <= 1.0)).all()


HOSTILE = st.one_of(st.floats(), st.floats(-1, 1), st.sampled_from([1e9, -1e9, np.pi, 1e-300, 0.15, 0.78]))
COMMANDS = st.lists(
    st.tuples(npst.arrays(float, 7, elements=HOSTILE), st.integers(1, 9), st.booleans()),
    min_size=1,
    max_size=6,
)
"""A command, for how many ticks it is repeated, and whether the plan ends instead."""


@settings(max_examples=20)
@given(COMMANDS)
def test_nothing_makes_it_accelerate_too_hard_or_leave_the_box_and_it_always_comes_to_rest_in_time(commands):
    safety, sent = started(), [START]
    for command, ticks, over in commands:
        for _ in range(ticks):
            sent.append(safety.rest() if over else safety.check(command).command)
    braking_ticks = int(
        np.ceil(max(POSE.speed_m_s * DT / STEP, POSE.turn_rad_s * DT / TURN, 10 * DT / STROKE))
    )
    sent += [safety.rest() for _ in range(braking_ticks + 2)]
    check_kept(np.stack(sent))
    assert sent[-1].tolist() == sent[-2].tolist() == safety.hold().tolist()


@settings(max_examples=20)
@given(st.lists(npst.arrays(float, 7, elements=HOSTILE), min_size=1, max_size=12), st.integers(0, 5))
def test_a_preview_is_exactly_what_is_then_sent(commands, moved):
    safety = started()
    for k in range(moved):
        safety.check(START + 0.02 * k)
    preview = safety.preview(np.stack(commands))
    assert np.array_equal(preview, safety.preview(np.stack(commands)))
    assert np.array_equal(preview, np.stack([safety.check(command).command for command in commands]))


def smooth(ticks):
    """A plan that keeps to all limits."""
    t = np.arange(ticks)[:, None] * DT
    return START + np.concatenate(
        [0.1 * np.sin(2 * t) ** 2 * [1, -1, 0.5, 1, 1, -1], 0.2 * np.sin(3 * t) ** 2], 1
    )


def test_a_plan_within_the_limits_keeps_its_bits():
    safety = started()
    for wanted in smooth(90):
        verdict = safety.check(wanted)
        assert verdict.command.tolist() == wanted.tolist() and verdict.clamped == ()


def test_a_jump_is_driven_to_without_swinging_about_it_and_nearly_as_fast_as_can_be():
    safety, wanted = started(), START + np.array([0.2, 0.1, 0.0, 0.0, 0.8, 0.0, -0.4])
    verdicts = [safety.check(wanted) for _ in range(40)]
    sent = np.stack([v.command for v in verdicts])
    assert sent[-1] == pytest.approx(wanted)
    left = np.linalg.norm(sent[:, :3] - wanted[:3], axis=1)
    assert (np.diff(left) <= 1e-12).all()
    # A quarter of a metre at 5 m/s^2 and up to 1 m/s: 0.2 s up, 0.2 s down, the rest at full speed: 0.42 s.
    assert np.argmax(left < 1e-3) <= 0.5 / DT
    both = ("speed", "acceleration", "turn", "turn acceleration")
    names = [*(f"arm.pose {limit}" for limit in both), "arm.gripper rate", "arm.gripper acceleration"]
    assert list(verdicts[0].clamped) == names
    assert verdicts[-1].clamped == ()


def test_what_runs_away_at_an_even_speed_is_caught_up_with_and_then_followed_to_the_bit():
    safety = started()
    plan = START + np.arange(1, 60)[:, None] * [0.012, 0, 0, 0, 0.02, 0, 0] * (np.arange(1, 60)[:, None] < 25)
    plan = np.where(np.arange(1, 60)[:, None] < 25, plan, plan[23])
    verdicts = [safety.check(wanted) for wanted in plan]
    ahead = np.array([v.command[0] for v in verdicts]) - plan[:, 0]
    assert verdicts[0].clamped and ahead.min() < -0.005
    followed = [v.command.tolist() == w.tolist() for v, w in zip(verdicts, plan, strict=True)]
    assert all(followed[12:24]) and followed[-1]
    assert ahead.max() < 0.012  # it stops dead, so the tool overshoots by what braking needs, and comes back


def test_where_the_plan_ends_it_comes_to_rest_in_a_straight_line_beginning_at_once():
    safety = started()
    for k in range(1, 8):
        safety.check(START + np.array([0.003, 0.004, 0, 0, 0, 0, 0]) * k * (k + 1) / 2)
    before = np.stack([safety.hold(), *[safety.rest() for _ in range(8)]])
    steps = np.linalg.norm(np.diff(before[:, :3], axis=0), axis=1)
    assert steps[0] > 0.02 and (np.diff(steps) <= 1e-12).all() and steps[-1] == 0
    assert np.cross(before[1:, :3] - before[0, :3], [0.6, 0.8, 0.0]) == pytest.approx(
        np.zeros((8, 3)), abs=1e-12
    )


def test_what_is_no_command_brakes_too():
    safety = started()
    for wanted in START + np.arange(1, 12)[:, None] * [0.02, 0, 0, 0, 0, 0, 0]:
        safety.check(wanted)
    verdicts = [safety.check(np.full(7, np.nan)) for _ in range(6)]
    x = np.array([v.command[0] for v in verdicts])
    assert np.diff(x)[0] > 0 and np.diff(x)[-1] == 0
    assert all(v.refused is not None and v.clamped == () for v in verdicts)


@pytest.mark.parametrize("way", [(0.02, 0.0, 0.0), (0.015, -0.015, 0.0), (-0.01, 0.01, -0.01)])
def test_it_brakes_in_time_for_the_wall_that_a_plan_drives_into_and_in_a_turn(way):
    safety = started()
    plan = START + np.arange(1, 60)[:, None] * np.array([*way, 0.03, 0.05, -0.04, 0.0])
    plan[30:] = START
    sent = np.stack([START, *[safety.check(wanted).command for wanted in plan]])
    check_kept(sent)
    assert np.abs(sent[31, :3] - np.clip(plan[29, :3], POSE.low, POSE.high)).max() < 0.02


def test_sliding_along_the_floor_of_the_box_is_as_fast_as_above_it():
    safety = started(state=np.array([0.3, 0.0, 0.012, 0, 0, 0, 0.5]))
    plan = np.array([0.3, 0.0, 0.012, 0, 0, 0, 0.5]) + np.arange(1, 30)[:, None] * [
        0.008,
        0,
        -0.001,
        0,
        0,
        0,
        0,
    ]
    sent = np.stack([safety.check(wanted).command for wanted in plan])
    assert sent[-1, 0] == pytest.approx(plan[-1, 0], abs=0.01)
    assert sent[-1, 2] == pytest.approx(POSE.low[2], abs=1e-3) and (sent[:, 2] >= POSE.low[2]).all()


def test_a_robot_that_begins_outside_of_its_box_is_let_in_and_never_further_out():
    outside = np.array([0.1, 0.5, 0.2, 0, 0, 0, 0.5])
    safety = started(state=outside)
    sent = np.stack([outside, *[safety.check(START).command for _ in range(40)]])
    out = np.maximum(0, np.maximum(POSE.low - sent[:, :3], sent[:, :3] - POSE.high))
    assert (np.diff(out, axis=0) <= 1e-12).all() and (out[-1] == 0).all()
    assert sent[-1] == pytest.approx(START)


@given(st.floats(1e-4, 10.0), st.floats(1e-3, 1.0))
def test_travel_is_what_braking_tick_by_tick_adds_up_to_and_approach_its_inverse(length, acceleration):
    total, step = 0.0, length
    while step > 0:
        total, step = total + step, step - acceleration
    given_ = np.array([[length]]), np.array([[acceleration]])
    assert braking.travel(*given_)[0, 0] == pytest.approx(total)
    assert braking.approach(np.array([[total]]), given_[1])[0, 0] == pytest.approx(length)


JOINTS = Embodiment(
    name="joints",
    rate_hz=100.0,
    cameras=(),
    segments=(
        Segment("joints", "plain", "absolute", native=0, model=0, size=3, unit="degrees"),
        Segment("base", "plain", "previous", native=3, model=3, size=2),
    ),
    model_dim=32,
    frame="",
    gripper="",
)
JOINT_LIMITS = {
    "joints": PlainLimit(
        -90.0, (90.0, 45.0, 10.0), (180.0, 180.0, 60.0), acceleration=(900.0, float("inf"), 300.0)
    ),
    "base": MotionLimit(-0.02, 0.02, magnitude=0.02, change=0.004),
}


@settings(max_examples=20)
@given(
    st.lists(st.tuples(npst.arrays(float, 5, elements=st.floats(-200, 200)), st.integers(1, 30)), max_size=5)
)
def test_each_joint_and_each_motion_has_its_own_acceleration(commands):
    safety = Safety(JOINTS, JOINT_LIMITS)
    safety.reset(np.zeros(5))
    sent = [np.zeros(5), np.zeros(5)]
    for command, ticks in commands:
        sent += [safety.check(command).command for _ in range(ticks)]
    sent += [safety.rest() for _ in range(25)]
    rows = np.stack(sent)
    bends = np.abs(np.diff(rows[:, :3], n=2, axis=0))
    assert (bends[:, [0, 2]] <= np.array([900.0, 300.0]) * 1e-4 + 1e-8).all()
    assert (rows[:, :3] >= -90).all() and (rows[:, :3] <= [90, 45, 10]).all()
    assert (np.abs(np.diff(rows[:, :3], axis=0)) <= np.array([1.8, 1.8, 0.6]) + 1e-9).all()
    assert (np.linalg.norm(np.diff(rows[:, 3:], axis=0), axis=1) <= 0.004 + 1e-12).all()
    assert (np.linalg.norm(rows[:, 3:], axis=1) <= 0.02 + 1e-12).all()
    assert rows[-1, 3:].tolist() == [0.0, 0.0] and rows[-1, :3].tolist() == rows[-2, :3].tolist()


def test_accelerations_that_allow_nothing_are_refused():
    for bad in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="expected"):
            replace(POSE, acceleration_m_s2=bad)
        with pytest.raises(ValueError, match="expected"):
            PlainLimit(0.0, 1.0, 1.0, acceleration=bad)
        with pytest.raises(ValueError, match="expected"):
            MotionLimit(-1.0, 1.0, change=bad)
    with pytest.raises(ValueError, match="3 numbers for acceleration, expected one or 1"):
        Safety(MOCK, {**LIMITED, "arm.gripper": PlainLimit(0.0, 1.0, 1.0, acceleration=(1.0, 1.0, 1.0))})
    with pytest.raises(ValueError, match="pose limit"):
        PoseLimit((0.0,) * 3, (1.0,) * 3, 1.0, 1.0, turn_acceleration_rad_s2=0.0)
