"""Rows come back as they were recorded, whatever the files' order; what was read once is not read again."""

import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xr0.data.cache import fingerprint
from xr0.data.lerobot import LeRobotDataset
from xr0.data.numbers import Numbers

OBJECTS = "observation.environment_state"


@pytest.fixture
def made(make_dataset):
    return make_dataset((4, 7, 2))


def edit(path, column, change):
    table = pq.read_table(path)
    values = table[column].to_pylist()
    change(values)
    kind = table.schema.field(column).type
    table = table.set_column(table.schema.get_field_index(column), column, pa.array(values, kind))
    pq.write_table(table, path)


def test_rows_are_those_that_were_recorded(made):
    numbers = Numbers.of(LeRobotDataset.open(made.root), [OBJECTS])
    assert len(numbers) == 3
    for episode, put in enumerate(made.numbers):
        for name, values in put.items():
            np.testing.assert_array_equal(numbers.rows(name, episode), values.astype(np.float32))
    np.testing.assert_array_equal(
        numbers.rows("action", 1, 2, 5), made.numbers[1]["action"][2:5].astype("f4")
    )
    assert len(numbers.rows("action", 1, 5, 99)) == 2, "rows never cross an episode's end"
    assert numbers.rows("timestamp", 0).dtype == np.float64
    np.testing.assert_allclose(numbers.rows("timestamp", 2)[:, 0], [0, 1 / 30], atol=1e-7)


def test_episodes_that_lie_mixed_in_a_file_are_put_in_order(made):
    path = made.root / "data/chunk-000/file-000.parquet"
    table = pq.read_table(path)
    pq.write_table(table.take(np.argsort(-table["episode_index"].to_numpy(), kind="stable")), path)
    numbers = Numbers.of(LeRobotDataset.open(made.root))
    for episode in (0, 1):
        np.testing.assert_array_equal(
            numbers.rows("action", episode), made.numbers[episode]["action"].astype(np.float32)
        )


def test_a_second_look_reads_no_file_of_the_dataset(made, monkeypatch):
    dataset = LeRobotDataset.open(made.root)
    first = Numbers.of(dataset).rows("action", 1)
    monkeypatch.setattr(LeRobotDataset, "file_columns", None)
    monkeypatch.setattr(LeRobotDataset, "fingerprint", None)
    np.testing.assert_array_equal(Numbers.of(dataset).rows("action", 1), first)


def test_the_remembered_fingerprint_follows_a_change_of_content(made):
    dataset = LeRobotDataset.open(made.root)
    before = fingerprint(dataset)
    path = made.root / "data/chunk-000/file-000.parquet"
    edit(path, "action", lambda values: values[0].__setitem__(0, 5.0))
    os.utime(path, ns=(0, 0))
    assert fingerprint(dataset) == dataset.fingerprint() != before


def test_what_is_not_finite_is_named_with_file_episode_and_frame(made, cache):
    edit(
        made.root / "data/chunk-000/file-000.parquet",
        "action",
        lambda values: values[4 + 2].__setitem__(1, float("nan")),
    )
    before = set(cache.rglob("*.npy"))
    with pytest.raises(ValueError, match=r"file-000\.parquet, episode 1, frame 2: action is nan"):
        Numbers.of(LeRobotDataset.open(made.root))
    assert set(cache.rglob("*.npy")) == before and not list(cache.glob("numbers/*/.*"))


def test_a_task_that_is_not_there_is_named(made):
    path = made.root / "data/chunk-000/file-001.parquet"
    edit(path, "task_index", lambda values: values.__setitem__(1, 7))
    with pytest.raises(ValueError, match=r"episode 2, frame 1: task_index is 7, there are 2 tasks"):
        Numbers.of(LeRobotDataset.open(made.root))


def test_a_feature_that_is_not_there_is_named(made):
    with pytest.raises(ValueError, match=r"no feature next\.reward, it has"):
        Numbers.of(LeRobotDataset.open(made.root), ["next.reward"])
