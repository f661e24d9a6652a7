"""Windows never cross an episode's end, and say where they have been padded."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xr0.data.episodes import Episodes
from xr0.data.lerobot import LeRobotDataset
from xr0.data.split import split_episodes


def numbered(lengths):
    """Episodes whose action at row f is [f], so that a window tells which rows it took."""
    rows = np.arange(sum(lengths), dtype=np.float32)[:, None]
    start = np.cumsum([0, *lengths])
    tasks = np.repeat(np.arange(len(lengths)), lengths)
    return Episodes(start, rows + 0.5, rows, tasks, tuple(f"task {k}" for k in range(len(lengths))))


@given(st.lists(st.integers(1, 12), min_size=1, max_size=5), st.integers(1, 15), st.data())
def test_window_is_the_episodes_tail_then_its_last_action(lengths, horizon, data):
    episodes = numbered(lengths)
    episode = data.draw(st.integers(0, len(lengths) - 1))
    frame = data.draw(st.integers(0, lengths[episode] - 1))
    window = episodes.windows(np.array([episode]), np.array([frame]), horizon)
    tail = np.arange(sum(lengths[:episode]) + frame, sum(lengths[: episode + 1]))[:horizon]
    expected = np.concatenate([tail, np.full(horizon - len(tail), tail[-1])])
    assert window.actions.shape == (1, horizon, 1)
    assert window.actions[0, :, 0].tolist() == expected.tolist()
    assert window.pad[0].tolist() == [False] * len(tail) + [True] * (horizon - len(tail))
    assert window.state[0, 0] == tail[0] + 0.5
    assert window.tasks == (f"task {episode}",)


def test_windows_of_a_recorded_dataset(make_dataset):
    made = make_dataset((4, 6, 3))
    episodes = Episodes.load(LeRobotDataset.open(made.root))
    window = episodes.windows(np.array([2, 0]), np.array([1, 3]), horizon=2)
    assert len(episodes) == 3
    assert window.tasks == (made.tasks[2], made.tasks[0])
    np.testing.assert_array_equal(window.actions[0], made.numbers[2]["action"][1:3].astype(np.float32))
    np.testing.assert_array_equal(window.state[1], made.numbers[0]["observation.state"][3].astype(np.float32))
    assert window.pad.tolist() == [[False, False], [False, True]]


def test_frame_outside_its_episode_is_refused():
    episodes = numbered([3, 2])
    for episode, frame in ((0, 3), (1, -1)):
        with pytest.raises(ValueError, match="a frame outside of its episode"):
            episodes.windows(np.array([episode]), np.array([frame]), 4)
    with pytest.raises(ValueError, match="there are 2"):
        episodes.windows(np.array([2]), np.array([0]), 4)


def test_nan_is_named_with_file_episode_and_frame(make_dataset):
    root = make_dataset((4, 5)).root
    path = root / "data/chunk-000/file-001.parquet"
    table = pq.read_table(path)
    actions = table["action"].to_pylist()
    actions[2][0] = float("nan")
    place = table.schema.get_field_index("action")
    pq.write_table(table.set_column(place, "action", [actions]), path)
    with pytest.raises(ValueError, match=r"file-001\.parquet, episode 1, frame 2: action is not finite"):
        Episodes.load(LeRobotDataset.open(root))


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
