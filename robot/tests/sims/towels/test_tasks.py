"""What is said about towels, and what it means."""

import numpy as np
import pytest

from xr0_robot.sims.towels import tasks


def test_every_wording_is_understood():
    for meaning, wordings in tasks.WORDINGS.items():
        for wording in wordings:
            assert tasks.parse(wording) == tasks.Task(meaning, wording)


def test_what_is_shown_is_folding_and_another_is_not():
    rng = np.random.default_rng(0)
    assert {tasks.sample(rng).instruction for _ in range(200)} == set(tasks.WORDINGS[tasks.FOLD])
    assert {tasks.another(rng).meaning for _ in range(20)} == {tasks.SPREAD}


def test_what_names_no_task_is_refused_with_the_valid_words():
    with pytest.raises(ValueError, match="got no task for a towel, expected one of the words fold"):
        tasks.parse("put the red brick in the left bin")
