"""The split of episodes is a partition that its seed decides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xr0.data.split import split_episodes


@given(st.integers(0, 200), st.floats(0, 0.99), st.integers(0, 10))
def test_split_is_a_partition_that_its_seed_decides(count, share, seed):
    train, validation = split_episodes(count, share, seed)
    assert sorted([*train, *validation]) == list(range(count))
    assert len(validation) == round(count * share)
    again = split_episodes(count, share, seed)
    assert (again[0] == train).all() and (again[1] == validation).all()


def test_other_seeds_split_otherwise():
    assert {tuple(split_episodes(50, 0.1, seed)[1]) for seed in range(5)} != {tuple(range(5))}
    with pytest.raises(ValueError, match=r"share of 1\.0, expected 0 <= share < 1"):
        split_episodes(10, 1.0, 0)
