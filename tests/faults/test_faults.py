"""Some of the cases that `runs/faults.sh` runs all of, and some of its frames."""

import pytest

from faults import fuzz
from faults.bench import run
from faults.run import CASES

QUICK = ("kill_9", "nan_chunk", "nan_state")
"""One of a kind, over in seconds."""


@pytest.mark.parametrize("case", [case for case in CASES if case.name in QUICK], ids=lambda case: case.name)
def test_a_fault_leaves_a_robot_at_rest_and_nothing_stale_is_obeyed(case):
    row = run(case)
    assert row["ok"], row["wrong"]
    if case.name == "kill_9":  # the others end the episode while it moves
        assert row["pace_mm"] > 2 and row["ticks_until_rest"] > 0


def test_every_case_has_its_own_name():
    assert len({case.name for case in CASES}) == len(CASES) >= 25


def test_mutated_frames_give_a_map_or_a_value_error():
    found = fuzz.fuzz(5_000, seed=1)
    assert found["read"] > 100 and found["refused"] > 100
