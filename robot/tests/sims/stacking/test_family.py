"""Stacking: what is asked, what counts as done, and that it can be done."""

from itertools import permutations

import numpy as np
import pytest

from xr0_robot.sims.brick_table.expert import Expert, begin, truth
from xr0_robot.sims.brick_table.tasks import COLOURS
from xr0_robot.sims.brick_table.world import scored
from xr0_robot.sims.measure import run
from xr0_robot.sims.stacking.family import HEIGHT, WORDINGS, Stacking, StackingFamily
from xr0_robot.sims.stacking.world import open_table
from xr0_robot.worlds import WORLDS

FAMILY = StackingFamily()
SENTENCE = "put the red brick on top of the blue brick"


def test_every_wording_of_every_pair_is_understood():
    for (colour, place), wording in [(p, w) for p in permutations(COLOURS, 2) for w in WORDINGS]:
        sentence = wording.format(colour=colour, place=place)
        assert FAMILY.parse(sentence) == Stacking(colour, place, sentence)


def test_sampling_reaches_everything_and_another_means_something_else():
    rng = np.random.default_rng(0)
    drawn = [FAMILY.sample(rng, WORDINGS) for _ in range(2000)]
    assert len({task.instruction for task in drawn}) == 12 * len(WORDINGS)
    for task in drawn[:100]:
        other = FAMILY.another(task, rng, WORDINGS)
        assert (other.colour, other.place) != (task.colour, task.place)
        assert FAMILY.parse(other.instruction) == other


@pytest.mark.parametrize(
    "sentence", ["put the red brick in the left bin", "put the red brick on itself", "red on blue on green"]
)
def test_what_cannot_be_scored_is_refused_with_the_valid_words(sentence):
    with pytest.raises(ValueError, match="expected two of red, green, blue, yellow, first the brick"):
        FAMILY.parse(sentence)


@pytest.mark.parametrize(
    ("upper", "lower", "offset", "fulfilled"),
    [
        ("red", "blue", (0.0, 0.0), True),
        ("red", "blue", (0.009, 0.0), True),
        ("red", "blue", (0.015, 0.0), False),
        ("blue", "red", (0.0, 0.0), False),
        ("red", "green", (0.0, 0.0), False),
    ],
)
def test_success_is_the_named_brick_at_rest_on_the_named_brick(stacking, upper, lower, offset, fulfilled):
    stacking.reset(4, SENTENCE)
    assert not stacking.success()
    centre = stacking.object_positions()[lower]
    stacking.data.joint(upper).qpos[:] = stacking.data.joint(lower).qpos
    stacking.data.joint(upper).qpos[2] += HEIGHT
    stacking.move_brick(upper, centre[:2] + offset)
    still = stacking.bring(stacking.tool())
    for _ in range(15):
        stacking.apply(still)
    assert stacking.success() is fulfilled
    assert stacking.fulfilled(f"stack the {upper} block on the {lower} block") is (abs(offset[0]) < 0.013)


def test_no_success_before_the_gripper_lets_go(stacking):
    stacking.reset(4, SENTENCE)
    expert, command = Expert(stacking), stacking.tool()
    while expert.phase != "release" and stacking.tick < 200:
        last, command = command, expert.act(truth(stacking))
        stacking.apply(stacking.bring(command))
        assert not stacking.success()
    last[2] -= 0.002
    for _ in range(10):
        stacking.apply(stacking.bring(last))
    assert stacking.touched("red") and stacking.target.done(stacking) and not stacking.success()
    for _ in range(10):
        stacking.apply(stacking.bring(expert.act(truth(stacking))))
    assert stacking.success()


def test_it_is_done_although_the_brick_is_moved():
    table = open_table("moved")
    assert run(scored(table), 700_003, lambda: begin(table))["success"]
    assert table.perturbed_tick is not None
    table.close()


@pytest.mark.parametrize("variant", WORLDS["stacking"])
def test_each_variant_opens(variant):
    table = open_table(variant)
    table.reset(700_000)
    table.close()
