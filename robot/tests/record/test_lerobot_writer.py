"""What is written is a LeRobotDataset v3.0: columns, types and numbers as LeRobot 0.6.1 expects them."""

import json

import numpy as np
import pytest

av = pytest.importorskip("av", reason="recording needs the extra `record`")
pa = pytest.importorskip("pyarrow", reason="recording needs the extra `record`")
pq = pytest.importorskip("pyarrow.parquet", reason="recording needs the extra `record`")


STATISTICS = ["min", "max", "mean", "std", "count", "q01", "q10", "q50", "q90", "q99"]
NUMBERS = ["observation.state", "action", "observation.environment_state"]
INDEX = ["intervention", "timestamp", "frame_index", "episode_index", "index", "task_index"]
VIDEOS = ["observation.images.base", "observation.images.wrist"]


def episode_rows(root):
    return pq.read_table(root / "meta/episodes/chunk-000/file-000.parquet").to_pylist()


def test_info_describes_the_dataset(write):
    info = json.loads((write("a", [0, 1, 2], [4, 5, 6]) / "meta/info.json").read_text())
    assert (info["codebase_version"], info["fps"], info["robot_type"]) == ("v3.0", 30, "toy")
    assert (info["total_episodes"], info["total_frames"], info["total_tasks"]) == (3, 15, 3)
    assert info["splits"] == {"train": "0:3"}
    assert (info["chunks_size"], info["data_files_size_in_mb"], info["video_files_size_in_mb"]) == (
        1000,
        100,
        200,
    )
    assert list(info["features"]) == [*NUMBERS, *VIDEOS, *INDEX]
    assert info["features"]["action"]["names"][5:] == ["arm.pose.rz", "arm.gripper"]
    video = info["features"]["observation.images.base"]
    assert (video["dtype"], video["shape"]) == ("video", [48, 64, 3])
    assert (video["info"]["video.codec"], video["info"]["video.pix_fmt"]) == ("h264", "yuv444p")


def test_data_columns_have_lerobots_types(write):
    schema = pq.read_schema(write("a", [0], [4]) / "data/chunk-000/file-000.parquet")
    expected = {
        "observation.state": pa.list_(pa.float32(), 7),
        "action": pa.list_(pa.float32(), 7),
        "observation.environment_state": pa.list_(pa.float32(), 2),
        "intervention": pa.bool_(),
        "timestamp": pa.float32(),
        **{name: pa.int64() for name in INDEX[2:]},
    }
    assert {name: schema.field(name).type for name in schema.names} == expected


def test_index_columns_count_frames_episodes_and_tasks(write):
    table = pq.read_table(write("a", [0, 1, 3], [4, 2, 3]) / "data/chunk-000/file-000.parquet")
    assert table["episode_index"].to_pylist() == [0, 0, 0, 0, 1, 1, 2, 2, 2]
    assert table["frame_index"].to_pylist() == [0, 1, 2, 3, 0, 1, 0, 1, 2]
    assert table["index"].to_pylist() == list(range(9))
    assert table["task_index"].to_pylist() == [0, 0, 0, 0, 1, 1, 0, 0, 0]  # seeds 0 and 3 share a sentence
    np.testing.assert_allclose(table["timestamp"].to_numpy(), table["frame_index"].to_numpy() / 30, rtol=1e-6)


def test_episodes_table_has_every_documented_column(write):
    rows = episode_rows(write("a", [0, 1], [4, 6]))
    expected = ["episode_index", "tasks", "length", "data/chunk_index", "data/file_index"]
    expected += [
        "dataset_from_index",
        "dataset_to_index",
        "meta/episodes/chunk_index",
        "meta/episodes/file_index",
    ]
    parts = ("chunk_index", "file_index", "from_timestamp", "to_timestamp")
    expected += [f"videos/{key}/{part}" for key in VIDEOS for part in parts]
    expected += [f"stats/{name}/{s}" for name in [*NUMBERS, *INDEX, *VIDEOS] for s in STATISTICS]
    assert sorted(rows[1]) == sorted(expected)
    assert (rows[1]["dataset_from_index"], rows[1]["dataset_to_index"], rows[1]["length"]) == (4, 10, 6)
    assert rows[1]["tasks"] == ["do thing 1"]
    start, end = (rows[1][f"videos/{VIDEOS[0]}/{name}_timestamp"] for name in ("from", "to"))
    assert (start, end) == (pytest.approx(4 / 30), pytest.approx(10 / 30))


def test_tasks_are_indexed_by_sentence_as_pandas_does(write):
    table = pq.read_table(write("a", [1, 2], [2, 2]) / "meta/tasks.parquet")
    assert table.to_pydict() == {"task_index": [0, 1], "task": ["do thing 1", "do thing 2"]}
    assert table.schema.pandas_metadata["index_columns"] == ["task"]


def test_stats_of_numbers_are_exact_over_the_whole_dataset(write):
    root = write("a", [0, 1], [30, 11])
    stats = json.loads((root / "meta/stats.json").read_text())
    action = np.array(pq.read_table(root / "data/chunk-000/file-000.parquet")["action"].to_pylist())
    assert list(stats["action"]) == STATISTICS
    np.testing.assert_allclose(stats["action"]["std"], action.std(axis=0))
    np.testing.assert_allclose(stats["action"]["q01"], np.quantile(action, 0.01, axis=0))
    assert stats["action"]["count"] == [41]


def test_image_stats_are_per_channel_in_unit_range(write):
    image = json.loads((write("a", [0, 1], [8, 8]) / "meta/stats.json").read_text())[VIDEOS[0]]
    assert np.shape(image["mean"]) == (3, 1, 1)
    low, q10, q50, q90, high = (np.array(image[name]) for name in ("min", "q10", "q50", "q90", "max"))
    assert ((low >= 0) & (low <= q10) & (q10 <= q50) & (q50 <= q90) & (q90 <= high) & (high <= 1)).all()


def test_every_episode_starts_with_a_key_frame(write):
    root = write("a", [0, 1, 2], [4, 7, 5])
    with av.open(str(root / f"videos/{VIDEOS[0]}/chunk-000/file-000.mp4")) as container:
        frames = list(container.decode(video=0))
    assert len(frames) == 16
    assert all(frames[k].key_frame for k in (0, 4, 11))


def test_discarded_episode_leaves_nothing(open_writer, add_episode, write):
    with open_writer("b") as writer:
        for seed, length in ((0, 5), (7, 9), (1, 4)):
            add_episode(writer, seed, length)
            writer.discard_episode() if seed == 7 else writer.save_episode()
    same = write("a", [0, 1], [5, 4])
    assert episode_rows(writer.root) == episode_rows(same)
    assert (writer.root / "meta/stats.json").read_text() == (same / "meta/stats.json").read_text()


def test_an_exception_loses_only_the_open_episode(open_writer, add_episode, write):
    writer = open_writer("b")
    with pytest.raises(KeyboardInterrupt), writer:
        add_episode(writer, 0, 5)
        writer.save_episode()
        add_episode(writer, 1, 3)
        raise KeyboardInterrupt
    assert episode_rows(writer.root) == episode_rows(write("a", [0], [5]))


def test_a_full_file_is_followed_by_the_next(write, monkeypatch):
    monkeypatch.setattr("xr0_robot.record.lerobot_files.VIDEO_FILE_MB", 0)
    monkeypatch.setattr("xr0_robot.record.lerobot_files.DATA_FILE_MB", 0)
    root = write("a", [0, 1, 2], [4, 5, 6])
    for row, length in zip(episode_rows(root), (4, 5, 6), strict=True):
        k = row["episode_index"]
        assert row["data/file_index"] == row[f"videos/{VIDEOS[0]}/file_index"] == k
        assert row[f"videos/{VIDEOS[0]}/from_timestamp"] == 0.0
        assert pq.read_metadata(root / f"data/chunk-000/file-{k:03d}.parquet").num_rows == length


def test_bad_frames_are_refused(open_writer, embodiment):
    writer = open_writer("a")
    images = {c.key: np.zeros((c.height, c.width, 3), np.uint8) for c in embodiment.cameras}
    zeros, extra = np.zeros(7), {"observation.environment_state": np.zeros(2)}
    with pytest.raises(ValueError, match=r"got cameras \['base'\], expected \['base', 'wrist'\]"):
        writer.add_frame({"base": images["base"]}, zeros, zeros, "go", extra)
    with pytest.raises(ValueError, match=r"'wrist'.*\(32, 33, 3\), expected uint8 \(32, 32, 3\)"):
        writer.add_frame({**images, "wrist": np.zeros((32, 33, 3), np.uint8)}, zeros, zeros, "go", extra)
    with pytest.raises(ValueError, match=r"action.*\(6,\), expected numbers of shape \(7,\)"):
        writer.add_frame(images, zeros, np.zeros(6), "go", extra)
    with pytest.raises(ValueError, match=r"state.*NaN or infinity at \[0\]"):
        writer.add_frame(images, np.array([np.nan] + [0.0] * 6), zeros, "go", extra)
    with pytest.raises(ValueError, match=r"extra features: got \[\], expected"):
        writer.add_frame(images, zeros, zeros, "go")
    with pytest.raises(ValueError, match="task: got an empty sentence"):
        writer.add_frame(images, zeros, zeros, " ", extra)
    with pytest.raises(ValueError, match="the episode has no frame"):
        writer.save_episode()
    with pytest.raises(ValueError, match="no episode was saved"):
        writer.finalize()


def test_existing_folder_is_not_overwritten(write, open_writer):
    write("a", [0], [2])
    with pytest.raises(FileExistsError, match="expected a new folder"):
        open_writer("a")
