"""What is said of each brick: from where it lies when the time is over, and how it came there."""

import numpy as np
import pytest

from xr0_robot.sims.disassembly.env import DROPPED, LATE, NOT_OFF, WRONG_BIN, Disassembly
from xr0_robot.sims.lego.bricks import BINS
from xr0_robot.sims.lego.variants import Variant
from xr0_robot.sims.two_arms.embodiment import SIDES

AWAY = {"left": np.array([0.26, 0.25, 0.3]), "right": np.array([0.26, -0.25, 0.3])}


@pytest.fixture(scope="module")
def table():
    env = Disassembly(Variant(sizes=(4,), only=0.0))
    yield env
    env.close()


def go(env, ticks, place=None, opening=1.0):
    """The left hand there, the other one away."""
    tools = {side: np.array([*AWAY[side], 0, 0, 0, 1.0]) for side in SIDES}
    if place is not None:
        tools["left"] = np.array([*place, 0, 0, 0, opening])
    for _ in range(ticks):
        env.apply(env.bring(tools))


def loose(env):
    """All bricks apart, along the back."""
    env.reset(1)
    env.studs.join(env.data, {}, ())
    for number in range(env.count):
        env.move_brick(number, np.array([0.60, 0.1 * (number - 1)]))


def bin_of(colour):
    return next(np.array(bin_.centre) for bin_ in BINS if bin_.name == colour)


def wrong(env):
    """By the brick's colour: what is wrong with those that are not done, by place in the account."""
    return [piece.wrong for piece in env.account().pieces]


def test_what_stands_as_it_was_built_was_not_taken_off(table):
    table.reset(1)
    go(table, 6)
    assert wrong(table) == [NOT_OFF] * table.count and table.account().progress == ()


def test_a_brick_is_done_in_its_bin_and_wrong_in_another_and_late_where_it_was_laid(table):
    loose(table)
    own = table.colours[0]
    other = next(bin_.name for bin_ in BINS if bin_.name not in table.colours[:2])
    go(table, 15)
    table.move_brick(0, bin_of(own))
    table.move_brick(1, bin_of(other))
    go(table, 15)
    pieces = table.account().pieces
    assert (pieces[0].name, pieces[0].wrong) == (own, None)
    assert pieces[0].ended_s == pytest.approx(0.6, abs=0.11) and pieces[0].begun_s == 0.0
    assert wrong(table)[1:] == [WRONG_BIN, LATE, LATE]
    assert all(piece.begun_s == pieces[0].ended_s for piece in pieces[1:])
    assert table.account().progress[-1].what == "brick 0: in its bin"
    table.move_brick(0, np.array([0.3, 0.0]))
    go(table, 6)
    assert wrong(table)[0] == LATE, "it did not stay"


def test_what_slips_out_of_a_hand_is_dropped_until_it_is_taken_up_again(table):
    loose(table)
    table.move_brick(2, np.array([0.30, 0.10]))
    go(table, 45, (0.30, 0.10, 0.02))
    go(table, 12, (0.30, 0.10, 0.02), opening=0.0)
    go(table, 30, (0.30, 0.10, 0.15), opening=0.0)
    assert 2 in table.held()["left"] and table.account().mishaps["slips"] == 0
    table.move_brick(2, np.array([0.30, -0.10]))
    go(table, 12, (0.30, 0.10, 0.15), opening=0.0)
    assert table.account().mishaps["slips"] == 1
    assert wrong(table) == [LATE, LATE, DROPPED, LATE]
    go(table, 45, (0.30, -0.10, 0.02))
    go(table, 12, (0.30, -0.10, 0.02), opening=0.0)
    assert wrong(table)[2] == LATE, "it is in a hand"
    assert table.account().mishaps["slips"] == 1
