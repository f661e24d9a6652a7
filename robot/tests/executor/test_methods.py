"""How a new chunk takes over, method by method: by hand, and for whatever a robot writes its commands in."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xr0_robot import canonical, modes, representations, rotation
from xr0_robot.executor import methods
from xr0_robot.executor.methods import (
    A2C2,
    Blend,
    Ensemble,
    Naive,
    Prefix,
    PrefixDamped,
    PrefixDecay,
    SeamDamped,
    SeamDecay,
    Vlash,
)
from xr0_robot.executor.methods.arithmetic import moved, offset
from xr0_robot.executor.methods.vlash import rolled_forward
from xr0_robot.executor.strategy import Handover, Moment
from xr0_robot.released import LIBERO, XR0_BIMANUAL
from xr0_robot.types import MODEL_DIM, Embodiment, Observation, Segment


def robot(name, *segments, sensed=None):
    return Embodiment(name, 30.0, (), segments, MODEL_DIM, "base", "as its segments say", sensed)


def arm(turn):
    size = 3 + len(representations.NAMES[turn])
    return robot(
        turn,
        Segment("arm.pose", "pose", "chunk_start", 0, 0, size, rotation=turn),
        Segment("arm.gripper", "gripper", "absolute", size, 6, 1, closed=0.08, open=0.0),
    )


JOINTS = robot(
    "joints",
    Segment("arm.joints", "plain", "absolute", 0, 0, 2, unit="degrees"),
    Segment("arm.gripper", "gripper", "absolute", 2, 2, 1, closed=0.0, open=1.0),
)
ARMS = [arm(turn) for turn in ("axis_angle", "quaternion_xyzw", "rotation_6d", "euler_xyz", "matrix")]
ROBOTS = [*ARMS, JOINTS, LIBERO]
DAMPED = [SeamDamped(), PrefixDamped()]
JOINING = [Naive(), Prefix(), Ensemble(), Blend(), SeamDecay(), PrefixDecay(), *DAMPED, A2C2(SeamDecay())]
SEEDS = st.integers(0, 2**32 - 1)


def commands(embodiment, seed, count):
    """Random ones [count, native_dim], poses with any orientation."""
    rng = np.random.default_rng(seed)
    out = rng.normal(size=(count, embodiment.native_dim))
    for segment in embodiment.segments:
        if segment.kind == "pose":
            turns = representations.from_matrix(rotation.exp(rng.normal(size=(count, 3))), segment.rotation)
            out[:, segment.native_slice] = np.concatenate([rng.normal(size=(count, 3)), turns], axis=1)
    return out


def handover(embodiment, fresh, old=None, older=(), still=None, untold=2):
    old = np.zeros((0, embodiment.native_dim)) if old is None else old
    still = np.zeros(embodiment.native_dim) if still is None else still
    return Handover(fresh, lambda count: old[:count].copy(), tuple(older), still, embodiment, untold)


def gripper(rows, embodiment):
    return [rows[:, s.native_slice] for s in embodiment.segments if s.kind == "gripper"]


def poses(rows, embodiment):
    """Positions and rotation matrices of the arm."""
    pose = canonical.to_canonical(rows[:, embodiment.segments[0].native_slice], embodiment.segments[0])
    return pose[:, :3], rotation.exp(pose[:, 3:])


def same(a, b, embodiment):
    """Whether commands say the same, however they write it."""
    for segment in embodiment.segments:
        x, y = (canonical.to_canonical(rows[..., segment.native_slice], segment) for rows in (a, b))
        if segment.kind == "pose":
            turns = [rotation.exp(rows[..., 3:]) for rows in (x, y)]
            np.testing.assert_allclose(*turns, atol=1e-9)
            x, y = x[..., :3], y[..., :3]
        np.testing.assert_allclose(x, y, atol=1e-9)


@pytest.mark.parametrize("embodiment", ROBOTS, ids=lambda e: e.name)
@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_an_offset_leads_from_one_command_to_the_other_but_for_the_gripper(embodiment, seed):
    a, b = commands(embodiment, seed, 4), commands(embodiment, seed + 1, 4)
    arrived = moved(a, offset(a, b, embodiment), embodiment)
    expected = b.copy()
    for segment in embodiment.segments:
        if segment.kind == "gripper":
            expected[:, segment.native_slice] = a[:, segment.native_slice]
    same(arrived, expected, embodiment)
    assert np.array_equal(moved(a, np.zeros((4, MODEL_DIM)), embodiment), a)


def test_half_of_an_offset_is_half_of_the_turn_on_the_way():
    embodiment = arm("quaternion_xyzw")
    start = np.array([[0, 0, 0, 0, 0, 0, 1, 0.0]])
    goal = np.array([[2, 4, 6, 0, 0, np.sqrt(0.5), np.sqrt(0.5), 0.0]])  # a quarter turn about z
    half = moved(start, 0.5 * offset(start, goal, embodiment), embodiment)
    assert half[0] == pytest.approx([1, 2, 3, 0, 0, np.sin(np.pi / 8), np.cos(np.pi / 8), 0])


@pytest.mark.parametrize("method", JOINING, ids=lambda m: m.name)
@pytest.mark.parametrize("embodiment", ROBOTS, ids=lambda e: e.name)
@given(SEEDS)
@settings(max_examples=5, deadline=None)
def test_chunks_that_agree_change_nothing(method, embodiment, seed):
    rows = commands(embodiment, seed, 8)
    plan = method.join(handover(embodiment, rows, rows[:5], [rows[:3], rows[:5]], rows[0]))
    same(plan, rows, embodiment)


@pytest.mark.parametrize("method", JOINING, ids=lambda m: m.name)
@pytest.mark.parametrize("embodiment", [*ARMS, JOINTS], ids=lambda e: e.name)
def test_a_gripper_is_told_what_the_newest_chunk_says(method, embodiment):
    fresh, old = commands(embodiment, 0, 8), commands(embodiment, 1, 6)
    plan = method.join(handover(embodiment, fresh, old, [old[:4], old], old[0]))
    assert np.array_equal(*[np.concatenate(gripper(rows, embodiment)) for rows in (plan, fresh)])


def joint_rows(*values):
    """Both joints and the gripper at `values`."""
    return np.repeat(np.array(values, dtype=float)[:, None], 3, axis=1)


def test_naive_and_prefix_switch_at_once():
    fresh, old = joint_rows(10, 20, 30), joint_rows(0, 0)
    for method in (Naive(), Prefix()):
        assert np.array_equal(method.join(handover(JOINTS, fresh, old)), fresh)


def test_a_blend_is_three_parts_old_and_seven_parts_new_where_both_speak():
    plan = Blend().join(handover(JOINTS, joint_rows(10, 20, 30), joint_rows(0, 40)))
    assert plan[:, 0] == pytest.approx([7, 0.3 * 40 + 0.7 * 20, 30])


def test_an_ensemble_weighs_all_that_speak_of_a_tick_the_oldest_most():
    older = [joint_rows(1), joint_rows(2, 20)]
    plan = Ensemble(rate=0.5).join(handover(JOINTS, joint_rows(4, 40, 400), older=older))
    w = np.exp(-0.5 * np.arange(3))
    first = (w[0] * 1 + w[1] * 2 + w[2] * 4) / w.sum()
    second = (w[0] * 20 + w[1] * 40) / w[:2].sum()
    assert plan[:, 0] == pytest.approx([first, second, 400])
    assert plan[:, 2].tolist() == [4, 40, 400]


@pytest.mark.parametrize("method", [SeamDecay(decay=0.5), PrefixDecay(decay=0.5)], ids=lambda m: m.name)
def test_the_jump_at_the_seam_decays(method):
    fresh = joint_rows(10, 20, 30, 40)
    plan = method.join(handover(JOINTS, fresh, joint_rows(2, 99)))
    assert plan[:, 1] == pytest.approx([10 - 4, 20 - 2, 30 - 1, 40 - 0.5])


def test_without_a_plan_the_seam_is_met_from_standing_still():
    still = np.array([2.0, 2.0, 1.0])
    plan = SeamDecay(decay=0.5).join(handover(JOINTS, joint_rows(10, 20), still=still))
    assert plan[:, 1] == pytest.approx([6, 18])


@pytest.mark.parametrize("embodiment", ARMS, ids=lambda e: e.name)
@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_a_pose_leaves_the_old_plan_by_a_fifth_and_ends_on_the_new_chunk(embodiment, seed):
    fresh = np.repeat(commands(embodiment, seed, 1), 60, axis=0)
    old = commands(embodiment, seed + 1, 1)
    plan = SeamDecay().join(handover(embodiment, fresh, old))
    (start, turn), (goal, end), (position, at) = (poses(rows, embodiment) for rows in (old, fresh, plan))
    left = 0.8 ** np.arange(1, 61)
    np.testing.assert_allclose(position, goal + left[:, None] * (start - goal), atol=1e-9)
    gap = np.linalg.norm(rotation.log(turn[0] @ end[0].T))
    still_to_turn = np.linalg.norm(rotation.log(at @ np.swapaxes(end, -1, -2)), axis=-1)
    np.testing.assert_allclose(still_to_turn, left * gap, atol=1e-6)


W = 15 / 30
"""Ticks of 1/30 s over the time constant of a damped seam."""


@pytest.mark.parametrize("method", DAMPED, ids=lambda m: m.name)
def test_a_damped_seam_begins_with_the_place_and_velocity_of_the_plan_in_hand(method):
    # At the last command the difference was 1, and grew by 0.1 a tick.
    plan = method.join(handover(JOINTS, joint_rows(*[10] * 30), joint_rows(11.1, 11.2, 99)))
    j = np.arange(1, 31)
    assert plan[:, 0] == pytest.approx(10 + (1 + W * j + 0.1 * j) * np.exp(-W * j))
    assert plan[:3, 0] == pytest.approx([10.9704, 10.8093, 10.6248], abs=1e-4)
    assert plan[-1, 1] == pytest.approx(10, abs=1e-5)
    assert plan[:, 2].tolist() == [10] * 30


def test_without_a_plan_the_robot_leaves_its_standstill_and_a_plan_that_ends_goes_on_as_the_new_chunk():
    fresh, still, j = joint_rows(10, 11, 12), np.array([4.0, 4.0, 1.0]), np.arange(1, 4)
    left = np.exp(-W * j)
    # The new chunk is 6 ahead and moves on by 1 a tick: at the last command it was 5 ahead of standing still.
    from_rest = SeamDamped().join(handover(JOINTS, fresh, still=still))
    assert from_rest[:, 0] == pytest.approx(fresh[:, 0] - (5 * (1 + W * j) + j) * left)
    ending = SeamDamped().join(handover(JOINTS, fresh, joint_rows(4), still=still))
    assert ending[:, 0] == pytest.approx(fresh[:, 0] - 6 * (1 + W * j) * left)


def test_a_chunk_that_was_told_all_is_not_changed():
    fresh, old = joint_rows(10, 20, 30), joint_rows(0, 0)
    plan = PrefixDamped().join(handover(JOINTS, fresh, old, untold=0))
    assert np.array_equal(plan, fresh)


@pytest.mark.parametrize("embodiment", ARMS, ids=lambda e: e.name)
@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_a_damped_pose_returns_along_its_turns_and_ends_on_the_new_chunk(embodiment, seed):
    rng = np.random.default_rng(seed)
    (x, v), (turned, turning) = rng.normal(0, [[0.1], [0.01]], (2, 3)), rng.normal(0, [[0.5], [0.1]], (2, 3))
    fresh = np.repeat(commands(embodiment, seed, 1), 40, axis=0)
    where, there = (rows[0] for rows in poses(fresh, embodiment))

    def aside(j, share_x, share_v):
        """The new chunk's pose, moved; j ticks of the difference's own motion behind the last command."""
        out = fresh[j].copy()
        turn = rotation.exp(share_v * turning) @ rotation.exp(share_x * turned) @ there
        written = representations.from_matrix(turn, embodiment.segments[0].rotation)
        out[embodiment.segments[0].native_slice] = np.concatenate(
            [where + share_x * x + share_v * v, written]
        )
        return out

    old = np.stack([aside(j, 1.0, float(j)) for j in (1, 2)])
    plan = SeamDamped().join(handover(embodiment, fresh, old))
    left = np.exp(-W * np.arange(1, 41))
    expected = [aside(j - 1, (1 + W * j) * left[j - 1], j * left[j - 1]) for j in range(1, 41)]
    same(plan, np.stack(expected), embodiment)
    position, at = poses(plan[-1:], embodiment)
    np.testing.assert_allclose(position[0], where, atol=1e-7)
    np.testing.assert_allclose(at[0], there, atol=1e-7)


@pytest.mark.parametrize("embodiment", ARMS, ids=lambda e: e.name)
def test_the_finer_the_ticks_the_smaller_the_change_of_velocity_at_a_damped_seam(embodiment):
    fine = replace(embodiment, rate_hz=3000.0)
    fresh, goal = np.repeat(commands(fine, 3, 1), 30, axis=0), np.zeros((1, MODEL_DIM))
    goal[0, :6] = [0.3, -0.2, 0.1, 0.5, 0.4, -0.6]  # metres and radians a second
    start = moved(fresh[:1], 0.1 * goal, fine)  # a tenth of that aside
    old = moved(start, np.arange(-2, 3)[:, None] * fine.dt * goal, fine)
    plan = SeamDamped().join(handover(fine, fresh, old[2:]))
    run = np.concatenate([old[:2], plan])
    steps = offset(run[:-1], run[1:], fine)
    bends = np.linalg.norm(np.diff(steps, axis=0)[:, :6], axis=1)
    assert bends.max() < 0.05 * np.linalg.norm(goal) * fine.dt
    naive = offset(old[1:2], fresh[:1], fine)
    assert np.linalg.norm(naive) > 100 * np.linalg.norm(steps[1])


def moment(embodiment, plan, delay, state, max_prefix=6):
    observation = Observation({}, state, "go", 0.0)
    return Moment(observation, lambda count: plan[:count].copy(), delay, 30, max_prefix, embodiment)


def test_a_prefix_is_what_runs_meanwhile_as_far_as_the_policy_knows_it():
    plan = joint_rows(*range(10))
    asked = Prefix().ask(moment(JOINTS, plan, 4, np.zeros(3)))
    assert np.array_equal(asked.prefix, plan[:4])
    assert (asked.promised, asked.untold) == (4, 0)
    for method in (PrefixDecay(), PrefixDamped()):
        asked = method.ask(moment(JOINTS, plan, 8, np.zeros(3)))
        assert np.array_equal(asked.prefix, plan[:6])
        assert (asked.promised, asked.untold) == (6, 2)


def test_a_policy_that_knows_no_prefix_is_told_none_and_misses_none():
    asked = PrefixDamped().ask(moment(JOINTS, joint_rows(*range(10)), 4, np.zeros(3), max_prefix=0))
    assert (asked.prefix, asked.promised, asked.untold) == (None, 0, 0)


def test_a_guide_is_the_rest_of_the_plan():
    plan = joint_rows(*range(10))
    for method, by in ((methods.RTC(), "gradient"), (methods.RTCFree(), "ramp")):
        asked = method.ask(moment(JOINTS, plan, 4, np.zeros(3)))
        assert np.array_equal(asked.guide.rows, plan)
        assert (asked.guide.delay, asked.guide.by, asked.promised) == (4, by, 4)
        assert method.ask(moment(JOINTS, plan[:2], 4, np.zeros(3))).guide.delay == 2
        assert method.ask(moment(JOINTS, plan[:0], 4, np.zeros(3))).guide is None


SENSED_IN_RADIANS = robot(
    "sensed_in_radians",
    *JOINTS.segments,
    sensed=(
        Segment("arm.gripper", "gripper", "absolute", 0, 2, 1, closed=0.08, open=0.0),
        Segment("arm.joints", "plain", "absolute", 1, 0, 2),
        Segment("battery", "plain", "absolute", 3, None, 1),
    ),
)


def test_a_state_is_rolled_forward_to_the_last_command_that_runs_meanwhile_in_its_own_units():
    plan = np.array([[0, 0, 0.0], [90, 180, 0.5], [1, 2, 3]])
    asked = Vlash().ask(moment(SENSED_IN_RADIANS, plan, 2, np.array([0.08, 0.1, 0.2, 7.0])))
    assert asked.observation.state == pytest.approx([0.04, np.pi / 2, np.pi, 7.0])
    assert (asked.ahead, asked.promised, asked.prefix) == (2, 2, None)


def test_a_rolled_pose_is_written_as_the_state_is():
    told = Segment("arm.pose", "pose", "chunk_start", 0, 0, 9, rotation="rotation_6d")
    sensed = Segment("arm.pose", "pose", "absolute", 0, 0, 7, rotation="quaternion_wxyz")
    embodiment = robot("mixed", told, sensed=(sensed,))
    command = commands(embodiment, 0, 1)[0]
    state = rolled_forward(np.array([0, 0, 0, 1, 0, 0, 0.0]), command, embodiment)
    turn = representations.to_matrix(state[3:], "quaternion_wxyz")
    assert state[:3] == pytest.approx(command[:3])
    np.testing.assert_allclose(turn, representations.to_matrix(command[3:], "rotation_6d"), atol=1e-9)


def test_with_nothing_under_way_a_method_asks_as_naive_does():
    state = np.array([1.0, 2.0, 0.5])
    for method in (Prefix(), PrefixDecay(), PrefixDamped(), Vlash(), A2C2(Prefix())):
        asked = method.ask(moment(JOINTS, joint_rows(5, 6), 0, state))
        assert (asked.prefix, asked.guide, asked.ahead) == (None, None, 0)
        assert np.array_equal(asked.observation.state, state)


class Plain:
    """A policy that can only be asked."""

    action_horizon, max_prefix = 30, 6

    def __init__(self, embodiment):
        self.embodiment = embodiment

    def infer(self, observation, prefix, seed):
        raise NotImplementedError


@pytest.mark.parametrize(
    "method, embodiment, message",
    [
        (methods.RTC(), JOINTS, "rtc: needs a policy guided by gradient, got one guided by nothing"),
        (methods.RTCFree(), JOINTS, "rtc_free: needs a policy guided by ramp, got one guided by nothing"),
        (A2C2(), JOINTS, "a2c2: needs a policy with a correction head"),
        (A2C2(Prefix()), JOINTS, "prefix_a2c2: needs a policy with a correction head"),
        (Vlash(), LIBERO, "vlash: needs absolute commands.* got motions of libero: arm.motion"),
        (
            Vlash(),
            robot("blind", JOINTS.segments[0], sensed=(Segment("force", "plain", "absolute", 0, 8, 3),)),
            "vlash: needs a command for every part .* got none of blind for force",
        ),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_what_a_policy_or_its_robot_cannot_do_is_refused_in_one_line(method, embodiment, message):
    with pytest.raises(ValueError, match=message) as refused:
        method.check(Plain(embodiment))
    assert "\n" not in str(refused.value)


def test_the_bimanual_robot_can_be_rolled_forward():
    Vlash().check(Plain(XR0_BIMANUAL))


@pytest.mark.parametrize("mode", modes.MODES)
def test_every_mode_is_a_method_with_its_own_words(mode):
    method = methods.named(mode, 7)
    assert method.name == ("prefix_damped" if mode == "async" else mode)
    assert getattr(method, "execute_horizon", 7) == 7
    assert modes.WORDS[mode]


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: SeamDecay(decay=1.0), "decay: got 1.0 per tick"),
        (lambda: PrefixDecay(decay=-0.1), "decay: got -0.1 per tick"),
        (lambda: Blend(share=1.5), "blend: got share 1.5"),
        (lambda: Ensemble(rate=-1.0), "ensemble: got rate -1.0"),
        (lambda: Blend(0), "execute_horizon: got 0"),
    ],
)
def test_settings_that_are_none_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
