import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xr0_robot.executor.chunks import ChunkQueue


def chunk(serial, observed_tick, horizon):
    """Row k says which chunk it is of and which tick it is for."""
    return np.array([[serial, observed_tick + k] for k in range(horizon)], dtype=float)


ARRIVALS = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, 12), st.integers(1, 9)), min_size=1, max_size=12
)
"""Ticks until the next arrival, its delay, its horizon."""


@given(ARRIVALS)
def test_every_tick_gets_its_own_row_of_the_newest_chunk(arrivals):
    queue, now, newest = ChunkQueue(), 0, None
    for sent, (wait, delay, horizon) in enumerate(arrivals):
        for _ in range(wait):
            action = queue.at(now)
            if newest is None or now >= newest[1] + newest[2]:
                assert action is None
            else:
                assert action is not None and action.tolist() == [newest[0], now]
            now += 1
        observed = max(0, now - delay)
        useful = now - observed < horizon and (newest is None or observed >= newest[1])
        row = queue.merge(chunk(sent, observed, horizon), observed, now)
        assert row == (now - observed if useful else None)
        if useful:
            newest = (sent, observed, horizon)


@given(ARRIVALS, st.integers(0, 10), st.integers(0, 20))
def test_the_prefix_is_what_will_be_executed(arrivals, ahead, length):
    queue, now = ChunkQueue(), 0
    for serial, (wait, delay, horizon) in enumerate(arrivals):
        now += wait
        observed = max(0, now - delay)
        queue.merge(chunk(serial, observed, horizon), observed, now)
    coming = [queue.at(tick) for tick in range(now + ahead, now + ahead + length)]
    expected = [action.tolist() for action in coming if action is not None]
    assert queue.prefix(now + ahead, length).tolist() == expected
    assert queue.remaining(now + ahead) >= len(expected)


def test_a_chunk_is_joined_at_its_delay_and_nothing_before_is_executed_again():
    queue = ChunkQueue()
    assert queue.merge(chunk(0, 0, 10), 0, 0) == 0
    assert queue.merge(chunk(1, 4, 10), 4, 7) == 3
    assert queue.at(6) is None
    assert [queue.at(tick).tolist() for tick in (7, 13)] == [[1, 7], [1, 13]]
    assert queue.at(14) is None
    assert queue.remaining(7) == 7 and queue.remaining(14) == 0


def test_a_prefix_is_never_padded():
    queue = ChunkQueue()
    queue.merge(chunk(0, 0, 5), 0, 0)
    assert queue.prefix(3, 6).tolist() == [[0, 3], [0, 4]]
    assert queue.prefix(5, 6).shape == (0, 2)


def test_the_plan_does_not_change_with_the_array_it_came_in():
    queue, rows = ChunkQueue(), chunk(0, 0, 3)
    queue.merge(rows, 0, 0)
    rows[:] = -1
    queue.prefix(0, 3)[:] = -1
    assert queue.at(1).tolist() == [0, 1]


def test_older_chunks_stay_as_they_came_for_as_long_as_they_reach():
    queue = ChunkQueue()
    for serial, tick in enumerate((0, 3, 6)):
        queue.merge(chunk(serial, tick, 8), tick, tick + 1)
        queue.revise(tick + 1, np.full((7, 2), -1.0))
    older = queue.older(7)
    assert [rows.tolist() for rows in older] == [[[0, 7]], [[1, tick] for tick in range(7, 11)]]
    assert [rows.tolist() for rows in queue.older(9)] == [[[1, 9], [1, 10]]]
    queue.clear()
    assert queue.older(7) == ()


def test_a_plan_is_revised_from_a_tick_on_and_no_further_than_it_reaches():
    queue = ChunkQueue()
    queue.merge(chunk(0, 0, 5), 0, 1)
    queue.revise(3, np.array([[7.0, 7.0], [8.0, 8.0]]))
    assert [queue.at(tick).tolist() for tick in range(1, 5)] == [[0, 1], [0, 2], [7, 7], [8, 8]]
    assert queue.row(3) == 3
    with pytest.raises(ValueError, match="expected 2 rows"):
        queue.revise(3, np.zeros((3, 2)))


@pytest.mark.parametrize("shape", [(3,), (0, 2), (2, 2, 2)])
def test_a_misshapen_chunk_is_refused(shape):
    with pytest.raises(ValueError, match="expected"):
        ChunkQueue().merge(np.zeros(shape), 0, 0)


def test_a_chunk_from_the_future_is_refused():
    with pytest.raises(ValueError, match="observed at tick 5, but it is only tick 4"):
        ChunkQueue().merge(np.zeros((3, 2)), 5, 4)
