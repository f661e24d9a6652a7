"""Towel after towel: what comes next, what is said of those that ended, and that nothing else begins anew."""

import mujoco
import numpy as np
import pytest

from xr0_robot.sims.half_hour import env as half_hour
from xr0_robot.sims.half_hour.env import HalfHour
from xr0_robot.sims.half_hour.expert import begin
from xr0_robot.sims.half_hour.stages import WRONG, stage
from xr0_robot.sims.towels.cloth import THICK, flat
from xr0_robot.sims.towels.stack import LYING, PLACE
from xr0_robot.sims.towels.towel import TOWELS
from xr0_robot.sims.two_arms.embodiment import SIDES

SEED = 500_002
"""Its first towel is the blue one."""


@pytest.fixture(scope="module")
def hour():
    env = HalfHour(ticks=250)
    yield env
    env.close()


def lay(env, points, x, y):
    env.cloth.put(points + np.array([x, y, 0.0]))
    mujoco.mj_forward(env.model, env.data)


def wait(env, ticks):
    """The hands where they are, open."""
    still = {side: np.append(env.tools()[side][:6], 1.0) for side in SIDES}
    for _ in range(ticks):
        env.apply(env.bring(still))


def test_what_is_folded_becomes_the_stack_where_it_lies_and_the_next_towel_comes(hour, folded_blue):
    hour.reset(SEED)
    assert (hour.towel.name, hour.stack.towels) == ("blue", ())
    lay(hour, folded_blue, PLACE[0] + 0.01, PLACE[1])
    before = hour.state()
    wait(hour, 30)
    (piece,) = hour.account().pieces
    assert (piece.name, piece.wrong, piece.begun_s) == ("blue", None, 0.0) and 0.5 < piece.ended_s < 1.0
    assert [towel.name for towel in hour.stack.towels] == ["blue"] and hour.stack.height == LYING
    box = hour.data.body("stacked/blue").xpos
    assert box[:2] == pytest.approx([PLACE[0] + 0.01, PLACE[1]], abs=0.008)
    assert hour.towel.name != "blue" and hour.tick == 30
    assert np.abs(hour.state() - before).max() < 0.02, "the arms go on from where they were"
    assert [moment.what for moment in hour.account().progress][-1] == "blue towel 1: on the stack"
    assert not hour.success()


def test_what_takes_too_long_is_taken_away_and_all_come_again_and_the_full_stack_goes(
    hour, folded_blue, monkeypatch
):
    monkeypatch.setattr(half_hour, "TIME_LIMIT_S", 0.8)
    hour.reset(SEED)
    hour._order = hour._order[:2]  # two towels in turn are as good as six, and sooner thrown
    lay(hour, folded_blue, *PLACE)
    wait(hour, 24)
    assert hour.stack.towels
    wait(hour, 24)
    account = hour.account()
    assert [piece.wrong for piece in account.pieces] == [None, WRONG[0]]
    assert account.pieces[1].ended_s - account.pieces[1].begun_s == pytest.approx(0.8)
    assert account.interventions == 1 and account.progress[-1].what.endswith("taken away")
    assert hour.stack.towels == () and hour.towel.name == "blue"
    lay(hour, flat(hour.towel.size), 0.32, 0.0)
    wait(hour, 24)
    assert hour.account().pieces[2].wrong == WRONG[1], "it lay flat, and was not folded"
    hour.tick = hour.ticks
    assert not hour.success(), "towels were taken away"


def test_a_seed_decides_the_order_of_the_towels(hour):
    hour.reset(SEED)
    first = [towel.name for towel in hour._order]
    hour.reset(500_003)
    other = [towel.name for towel in hour._order]
    assert first == ["blue", "purple", "green", "grey", "yellow", "red"] != other
    assert sorted(first) == sorted(other) == sorted(towel.name for towel in TOWELS)


def test_a_robot_that_swings_on_and_on_is_in_a_fling_loop(hour):
    hour.reset(SEED)
    rest = hour.tools()
    while not hour.success():
        swing = np.array([0.0, 0.0, 0.1 * np.sin(2 * np.pi * hour.tick / 60), 0, 0, 0, 0])
        hour.apply(hour.bring({side: rest[side] + swing for side in SIDES}))
    assert hour.tick == hour.ticks, "the time is over, and no towel had to be taken away"
    account = hour.account()
    assert account.pieces == () and account.longest_pause()[1] == "the episode's end"
    assert account.mishaps["fling loops"] == 1 and account.mishaps["seconds in fling loops"] > 8.0


def test_stages_are_geometry(twice):
    towel = TOWELS[0]
    lying = flat(towel.size) + np.array([0.3, 0.0, THICK / 2])
    folded = twice(towel) + np.array([0, 0, THICK / 2])
    assert stage(lying, towel, 0.0) == 1
    assert stage(folded + np.array([0.3, 0.0, 0.0]), towel, 0.0) == 2
    assert stage(folded + np.array([*PLACE, 0.0]), towel, 0.0) == 3
    assert stage(folded + np.array([*PLACE, 0.0]), towel, 2 * LYING) == 2
    assert stage(lying * (0.5, 1, 1), towel, 0.0) == 0


@pytest.mark.slow
def test_the_expert_folds_one_after_the_other_without_a_fling_loop():
    env = HalfHour(ticks=60 * 30)
    env.reset(500_001)
    act = begin(env)
    while env.tick < env.ticks:
        env.apply(act())
    account = env.account()
    assert len(account.pieces) >= 2 and env.success()
    assert account.mishaps["fling loops"] == 0
    env.close()
