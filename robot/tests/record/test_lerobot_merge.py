"""Shards of several processes, merged, are the dataset that one process would have written."""

import json
import shutil

import numpy as np
import pytest

pytest.importorskip("av", reason="recording needs the extra `record`")
pytest.importorskip("pyarrow", reason="recording needs the extra `record`")

import pyarrow.parquet as pq

from xr0_robot.record.lerobot_merge import merge

SEEDS, LENGTHS = [2, 0, 1, 5], [4, 7, 3, 5]
PLACES = ("data/file_index", "videos/observation.images.base/", "videos/observation.images.wrist/")


def rows(root, name):
    tables = [pq.read_table(path) for path in sorted(root.glob(name))]
    return [row for table in tables for row in table.to_pylist()]


@pytest.fixture
def merged_and_single(write, tmp_path):
    parts = [write("part-0", SEEDS[:1], LENGTHS[:1]), write("part-1", SEEDS[1:], LENGTHS[1:])]
    merge(parts, tmp_path / "merged")
    return tmp_path / "merged", write("single", SEEDS, LENGTHS)


def test_numbers_tasks_and_stats_equal(merged_and_single):
    merged, single = merged_and_single
    assert rows(merged, "data/*/*.parquet") == rows(single, "data/*/*.parquet")
    assert rows(merged, "meta/tasks.parquet") == rows(single, "meta/tasks.parquet")
    for name in ("meta/info.json", "meta/embodiment.json"):
        assert json.loads((merged / name).read_text()) == json.loads((single / name).read_text())
    stats = [json.loads((root / "meta/stats.json").read_text()) for root in (merged, single)]
    for feature, part in stats[0].items():
        for name, value in part.items():
            np.testing.assert_allclose(value, stats[1][feature][name], rtol=1e-9, atol=1e-12)


def test_episodes_equal_but_for_the_files_they_lie_in(merged_and_single):
    merged, single = (rows(root, "meta/episodes/*/*.parquet") for root in merged_and_single)
    assert [row["data/file_index"] for row in merged] == [0, 1, 1, 1]
    assert [row["videos/observation.images.wrist/file_index"] for row in merged] == [0, 1, 1, 1]
    assert [row["videos/observation.images.wrist/from_timestamp"] for row in merged[:2]] == [0.0, 0.0]
    for one, other in zip(merged, single, strict=True):
        kept = [name for name in one if not name.startswith(PLACES)]
        assert {name: one[name] for name in kept} == {name: other[name] for name in kept}


def test_videos_are_copied_bit_for_bit(merged_and_single, tmp_path):
    merged, _ = merged_and_single
    for part in (0, 1):
        old = tmp_path / f"part-{part}/videos/observation.images.base/chunk-000/file-000.mp4"
        new = merged / f"videos/observation.images.base/chunk-000/file-{part:03d}.mp4"
        assert new.read_bytes() == old.read_bytes()


def test_a_merge_can_be_merged(merged_and_single, write, tmp_path):
    merged, _ = merged_and_single
    merge([merged, write("more", [9], [2])], tmp_path / "again")
    assert rows(tmp_path / "again", "data/*/*.parquet") == rows(
        write("all", [*SEEDS, 9], [*LENGTHS, 2]), "data/*/*.parquet"
    )


def test_different_robots_do_not_merge(write, tmp_path):
    one = write("one", [0], [2])
    other = tmp_path / "other"
    shutil.copytree(one, other)
    path = other / "meta/embodiment.json"
    path.write_text(path.read_text().replace("toy", "another"))
    with pytest.raises(ValueError, match=r"other differs from .*one in .* or embodiment"):
        merge([one, other], tmp_path / "out")
    assert not (tmp_path / "out").exists()
