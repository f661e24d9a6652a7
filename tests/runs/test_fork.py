"""At the fork a demonstration passes, the mean of both ways does not, nor does a jump."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "runs"))
import fork


@pytest.mark.parametrize("seed", range(20))
def test_both_ways_pass_and_what_lies_between_hits(seed: int) -> None:
    centre, picture, _ = fork.scene(seed)
    ways = [fork.path(centre, side)[1 : fork.TICKS + 1] for side in (-1.0, 1.0)]
    assert all(fork.clears(way, centre) for way in ways)
    assert not fork.clears(np.mean(ways, axis=0), centre)
    beyond = np.tile([2 * fork.AHEAD, 0.0], (fork.TICKS, 1))
    assert not fork.clears(beyond, centre)
    assert not fork.clears(np.tile([0.0, fork.SIDE], (fork.TICKS, 1)), centre)
    assert {30, 220} == set(np.unique(picture).tolist())
