import pytest
from hypothesis import given
from hypothesis import strategies as st

from xr0_robot.executor.latency import WINDOW, DelayEstimator


def estimate(samples, limit=30):
    estimator = DelayEstimator(limit)
    for sample in samples:
        estimator.add(sample)
    return estimator.ticks()


def test_a_steady_delay_is_found():
    assert estimate([3] * 5) == 3


def test_the_warm_up_speaks_only_while_it_is_alone():
    assert estimate([25]) == 25
    assert estimate([25, 3]) == 3


def test_a_spike_does_not_commit_more_actions():
    assert estimate([3] + [3] * 10 + [20] + [3] * 5) == 3
    assert estimate([3, 3, 20, 3]) == 3
    assert estimate([1] * 5 + [5]) == 1


def test_jitter_is_planned_for_on_the_high_side():
    assert estimate([3] + [2, 3, 4] * 10) == 4


def test_a_lasting_change_is_learnt_within_one_window():
    assert estimate([2] * WINDOW + [9] * WINDOW) == 9


@given(st.lists(st.integers(0, 100), max_size=80), st.integers(1, 30))
def test_it_stays_within_what_was_seen_and_the_limit(samples, limit):
    guess = estimate(samples, limit)
    assert 0 <= guess <= limit
    assert guess <= max(samples, default=1)


def test_a_negative_delay_is_refused():
    with pytest.raises(ValueError, match="got -1"):
        DelayEstimator(5).add(-1)
