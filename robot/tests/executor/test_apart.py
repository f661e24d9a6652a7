"""Two arms that stay out of each other, as `Safety` sees to it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from xr0_robot import rotation
from xr0_robot.executor.safety import Safety
from xr0_robot.flight import values
from xr0_robot.limits import Apart
from xr0_robot.sims.two_arms.embodiment import TWO_ARMS
from xr0_robot.sims.two_arms.limits import LIMITS

NAME = "left.pose and right.pose apart"
LEFT, RIGHT = slice(0, 3), slice(7, 10)
DISTANCE = 0.10
SPEED = LIMITS["left.pose"].speed_m_s / TWO_ARMS.rate_hz


def limited(position=(0.0, -0.5, 0.0), yaw=0.0, distance_m=DISTANCE):
    left = replace(LIMITS["left.pose"], apart=Apart("right.pose", position, yaw, distance_m))
    return {**LIMITS, "left.pose": left, "right.pose": replace(LIMITS["right.pose"], apart=None)}


def begun(left, right, **how):
    """Both arms stand at a place in their own frame, with their grippers open."""
    safety = Safety(TWO_ARMS, limited(**how))
    safety.reset(np.array([*left, 0, 0, 0, 1, *right, 0, 0, 0, 1.0]))
    return safety


def moved(command, left=(0, 0, 0), right=(0, 0, 0)):
    command = command.copy()
    command[LEFT] += left
    command[RIGHT] += right
    return command


def test_a_hand_stops_at_the_distance_and_the_one_that_rests_is_not_pushed():
    safety = begun((0.4, -0.19, 0.2), (0.4, 0.20, 0.2))  # 0.11 m apart: the right base is 0.5 m to the right
    rest = safety.hold()
    verdict = safety.check(moved(rest, left=(0, -0.02, 0)))
    assert verdict.clamped == (NAME,)
    assert verdict.command[LEFT] == pytest.approx([0.4, -0.20, 0.2])
    assert verdict.command[RIGHT].tolist() == rest[RIGHT].tolist()
    assert safety.check(moved(verdict.command, left=(0, -0.001, 0))).command[1] == pytest.approx(-0.20)


def test_two_that_meet_share_what_is_left_in_the_measure_of_their_steps():
    safety = begun((0.4, -0.19, 0.2), (0.4, 0.20, 0.2))
    verdict = safety.check(moved(safety.hold(), left=(0, -0.03, 0), right=(0, 0.01, 0)))
    assert verdict.command[1] == pytest.approx(-0.19 - 0.0075)
    assert verdict.command[8] == pytest.approx(0.20 + 0.0025)


def test_side_by_side_and_away_from_each_other_they_move_freely_to_the_bit():
    safety = begun((0.4, -0.20, 0.2), (0.4, 0.20, 0.2))
    for left, right in (((0.02, 0, 0), (0.02, 0, 0)), ((0, 0.02, 0.01), (0, 0, 0))):
        wanted = moved(safety.hold(), left, right)
        verdict = safety.check(wanted)
        assert verdict.clamped == () and verdict.command.tolist() == wanted.tolist()


def test_hands_that_begin_too_near_may_part_and_may_not_come_nearer():
    safety = begun((0.4, -0.24, 0.2), (0.4, 0.20, 0.2))  # 6 cm
    assert safety.check(moved(safety.hold(), left=(0, -0.01, 0))).command[1] == pytest.approx(-0.24)
    assert safety.check(moved(safety.hold(), left=(0, 0.01, 0))).clamped == ()


def test_a_base_that_is_turned_round_is_another_place_for_the_same_numbers():
    """Two arms that face each other 0.9 m apart meet in the middle."""
    safety = begun((0.39, 0.0, 0.2), (0.40, 0.0, 0.2), position=(0.9, 0.0, 0.0), yaw=np.pi)
    verdict = safety.check(moved(safety.hold(), right=(0.03, 0, 0)))
    assert verdict.command[RIGHT] == pytest.approx([0.41, 0.0, 0.2])


HOSTILE = st.floats(-2.0, 2.0)


@given(
    st.lists(npst.arrays(float, 14, elements=HOSTILE), min_size=1, max_size=10),
    st.tuples(st.floats(-3.2, 3.2), st.floats(0.02, 0.3)),
)
def test_no_sequence_of_commands_brings_them_too_near_or_breaks_another_limit(commands, how):
    yaw, distance = how
    turn, box = rotation.exp(np.array([0.0, 0.0, yaw])), LIMITS["left.pose"]
    right = np.array([0.4, 0.0, 0.2])
    base = np.array([0.4, 0.0, 0.2]) - turn @ right - [0.0, 0.0, distance + 0.01]
    safety = begun((0.4, 0.0, 0.2), right, position=tuple(base), yaw=yaw, distance_m=distance)
    last = safety.hold()

    def gap(command):
        return np.linalg.norm(command[LEFT] - base - turn @ command[RIGHT])

    for command in commands:
        sent = safety.check(command).command
        assert gap(sent) >= min(distance, gap(last)) - 1e-9
        for place in (LEFT, RIGHT):
            assert (sent[place] >= np.array(box.low)).all() and (sent[place] <= np.array(box.high)).all()
            assert np.linalg.norm(sent[place] - last[place]) <= SPEED + 1e-9
        last = sent


def test_a_preview_is_what_is_then_sent():
    safety = begun((0.4, -0.1, 0.2), (0.4, 0.1, 0.2))
    rows = np.stack([moved(safety.hold(), left=(0, -0.02 * k, 0), right=(0, 0.02 * k, 0)) for k in range(9)])
    foreseen = safety.preview(rows)
    assert [safety.check(row).command.tolist() for row in rows] == foreseen.tolist()
    assert not np.array_equal(foreseen, rows)


def test_a_flight_log_keeps_the_distance():
    limits = limited()
    assert values.decode(values.encode(limits)) == limits


@pytest.mark.parametrize("other", ["left.pose", "right.gripper", "third.pose"])
def test_an_arm_stays_apart_from_another_arm_of_the_same_robot(other):
    left = replace(LIMITS["left.pose"], apart=Apart(other, (0.0, -0.5, 0.0), 0.0, 0.1))
    with pytest.raises(ValueError, match=f"left.pose is to stay apart from '{other}', expected .*right.pose"):
        Safety(TWO_ARMS, {**LIMITS, "left.pose": left})


@pytest.mark.parametrize("bad", [{"distance_m": 0.0}, {"yaw": np.nan}, {"position": (0.0, np.inf, 0.0)}])
def test_a_distance_that_means_nothing_is_refused(bad):
    with pytest.raises(ValueError, match=r"apart: got .*expected distance_m > 0"):
        limited(**bad)
