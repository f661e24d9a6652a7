from itertools import product

import numpy as np
import pytest

from xr0_robot.sims.brick_table import tasks
from xr0_robot.sims.brick_table.sorting import WORDINGS, Sorting, SortingFamily

FAMILY = SortingFamily()


def test_every_wording_of_every_meaning_is_understood():
    meanings = list(product(tasks.COLOURS, tasks.SIDES))
    assert len(meanings) >= 8
    assert len(set(WORDINGS)) >= 6
    for (colour, side), wording in product(meanings, WORDINGS):
        sentence = wording.format(colour=colour, side=side)
        assert FAMILY.parse(sentence) == Sorting(colour, side, sentence)


def test_sampling_reaches_everything_and_another_always_means_something_else():
    rng = np.random.default_rng(0)
    drawn = [FAMILY.sample(rng, WORDINGS) for _ in range(1000)]
    assert len({task.instruction for task in drawn}) == 8 * len(WORDINGS)
    for task in drawn:
        other = FAMILY.another(task, rng, WORDINGS)
        assert (other.colour, other.place) != (task.colour, task.place)
        assert FAMILY.parse(other.instruction) == other


def test_case_and_punctuation_do_not_matter():
    task = FAMILY.parse("Please, put the YELLOW one on the Right!")
    assert (task.colour, task.place) == ("yellow", "right")


@pytest.mark.parametrize(
    "sentence",
    [
        "put the purple brick in the left bin",
        "put the red brick away",
        "red or blue to the left",
        "left or right: red",
    ],
)
def test_what_cannot_be_scored_is_refused_with_the_valid_words(sentence):
    with pytest.raises(ValueError, match=r"red, green, blue, yellow and one of left, right"):
        FAMILY.parse(sentence)
