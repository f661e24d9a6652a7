"""What was recorded is what is read; what is broken is named."""

import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from xr0.data.lerobot import LeRobotDataset

LENGTHS = (7, 23, 1, 12)
BASE = "observation.images.base"
SMOOTH_PSNR_DB = 35.0


@pytest.fixture
def made(make_dataset):
    return make_dataset(LENGTHS)


def psnr(one, other):
    error = np.mean((one.astype(np.float64) - other) ** 2)
    return 10 * np.log10(255**2 / max(error, 1e-9))


def test_numbers_and_tasks_come_back_exactly(made):
    dataset = LeRobotDataset.open(made.root)
    assert (dataset.version, dataset.fps, dataset.robot_type) == ("v3.0", 30.0, "toy")
    assert tuple(episode.length for episode in dataset.episodes) == LENGTHS
    assert [episode.tasks for episode in dataset.episodes] == [(task,) for task in made.tasks]
    for read, put in zip(dataset.columns(list(made.numbers[0])), made.numbers, strict=True):
        for name, values in put.items():
            assert (read[name] == values.astype(np.float32)).all()


def test_pictures_come_back_close_and_at_their_own_time(made):
    dataset = LeRobotDataset.open(made.root)
    for episode, pictures in zip(dataset.episodes, made.pictures, strict=True):
        for camera, put in pictures.items():
            read = np.stack(list(dataset.frames(episode, camera)))
            assert read.shape == put.shape and psnr(read, put) > SMOOTH_PSNR_DB
            for tick in range(1, len(put)):  # a frame off by one would be nearer to its neighbour
                assert psnr(read[tick], put[tick]) > psnr(read[tick], put[tick - 1])


def test_chosen_frames_are_those_of_the_whole_episode(made):
    dataset = LeRobotDataset.open(made.root)
    whole = np.stack(list(dataset.frames(dataset.episodes[1], BASE)))
    for indices in ([0], [22], [3, 4, 19], []):
        chosen = list(dataset.frames(dataset.episodes[1], BASE, indices))
        assert len(chosen) == len(indices)
        assert all((frame == whole[k]).all() for frame, k in zip(chosen, indices, strict=True))


def test_fingerprint_follows_content_not_place(made, tmp_path):
    before = LeRobotDataset.open(made.root).fingerprint()
    moved = made.root.rename(tmp_path / "moved")
    assert LeRobotDataset.open(moved).fingerprint() == before
    stats = moved / "meta/stats.json"
    stats.write_text(stats.read_text().replace("0", "1", 1))
    assert LeRobotDataset.open(moved).fingerprint() != before


def test_missing_video_is_named_with_its_episode(made):
    video = made.root / f"videos/{BASE}/chunk-000/file-001.mp4"
    video.unlink()
    dataset = LeRobotDataset.open(made.root)
    assert len(list(dataset.frames(dataset.episodes[0], BASE))) == LENGTHS[0]
    for read in (dataset.check_files, lambda: list(dataset.frames(dataset.episodes[2], BASE))):
        with pytest.raises(FileNotFoundError, match=r"episode 2.*missing") as caught:
            read()
        assert str(video) in str(caught.value)


def truncate(path, share):
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_truncated_video_is_named_with_its_episode(made, share):
    video = made.root / f"videos/{BASE}/chunk-000/file-000.mp4"
    truncate(video, share)
    dataset = LeRobotDataset.open(made.root)
    with pytest.raises(ValueError, match=r"file-000\.mp4, episode 1: not a readable video"):
        list(dataset.frames(dataset.episodes[1], BASE))


def test_truncated_parquet_is_named_with_its_episode(made):
    truncate(made.root / "data/chunk-000/file-001.parquet", 0.9)
    with pytest.raises(ValueError, match=r"file-001\.parquet, episode 2: not a readable parquet"):
        LeRobotDataset.open(made.root).columns(["action"])


def test_missing_column_is_named(made):
    path = made.root / "data/chunk-000/file-000.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["action"]), path)
    with pytest.raises(ValueError, match=r"file-000\.parquet, episode 0: got no column \['action'\]"):
        LeRobotDataset.open(made.root).columns(["action"])


def test_wrong_shape_is_named(made):
    path = made.root / "meta/info.json"
    info = json.loads(path.read_text())
    info["features"]["action"]["shape"] = [4]
    info["features"][BASE]["shape"] = [48, 48, 3]
    path.write_text(json.dumps(info))
    dataset = LeRobotDataset.open(made.root)
    with pytest.raises(ValueError, match=r"column 'action' holds 90 numbers in 30 rows, expected 4 per row"):
        dataset.columns(["action"])
    with pytest.raises(ValueError, match=r"shape \(48, 64, 3\), expected \(48, 48, 3\)"):
        next(dataset.frames(dataset.episodes[0], BASE))


def test_video_that_lacks_frames_is_refused(made):
    path = made.root / "meta/episodes/chunk-000/file-000.parquet"
    rows = pq.read_table(path).to_pylist()
    rows[0][f"videos/{BASE}/from_timestamp"] = 0.01  # between two frames
    rows[3][f"videos/{BASE}/from_timestamp"] = 10 / 30  # ends behind the video
    pq.write_table(pa.Table.from_pylist(rows), path)
    dataset = LeRobotDataset.open(made.root)
    with pytest.raises(
        ValueError, match=r"episode 0: got a frame at 0\.033.* s, expected one within 0\.0001 s"
    ):
        list(dataset.frames(dataset.episodes[0], BASE))
    with pytest.raises(ValueError, match=r"episode 3: the video ends after 3 of 12 frames"):
        list(dataset.frames(dataset.episodes[3], BASE))


def test_what_is_no_dataset_says_so(made, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"info\.json is missing: not a LeRobot dataset"):
        LeRobotDataset.open(tmp_path / "nowhere")
    path = made.root / "meta/info.json"
    info = json.loads(path.read_text())
    path.write_text(json.dumps({**info, "codebase_version": "v1.6"}))
    with pytest.raises(ValueError, match=r"got version 'v1\.6', expected v2\.0, v2\.1 or v3\.0"):
        LeRobotDataset.open(made.root)
    path.write_text(json.dumps({**info, "total_episodes": 5}))
    with pytest.raises(ValueError, match=r"meta/ lists 4 episodes, info\.json says 5"):
        LeRobotDataset.open(made.root)


def test_images_stored_in_parquet(tmp_path):
    """v2.0 with PNG bytes, sizes channels-first, as early LIBERO conversions have it."""
    pictures = np.random.default_rng(0).integers(0, 256, size=(3, 6, 8, 3), dtype=np.uint8)
    cells = []
    for picture in pictures:
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "PNG")
        cells.append({"bytes": buffer.getvalue(), "path": None})
    (tmp_path / "meta").mkdir()
    (tmp_path / "data").mkdir()
    table = pa.table({"observation.image": cells, "episode_index": [0] * 3, "action": [[1.0], [2.0], [3.0]]})
    pq.write_table(table, tmp_path / "data/0.parquet")
    features = {
        "observation.image": {"dtype": "image", "shape": [3, 6, 8], "names": ["channels", "height", "width"]},
        "action": {"dtype": "float64", "shape": [1], "names": None},
    }
    info = {"codebase_version": "v2.0", "fps": 10, "features": features, "total_episodes": 1}
    info |= {"chunks_size": 1000, "data_path": "data/{episode_index}.parquet", "video_path": None}
    (tmp_path / "meta/info.json").write_text(json.dumps(info))
    (tmp_path / "meta/tasks.jsonl").write_text('{"task_index": 0, "task": "look"}\n')
    (tmp_path / "meta/episodes.jsonl").write_text('{"episode_index": 0, "tasks": ["look"], "length": 3}\n')
    dataset = LeRobotDataset.open(tmp_path)
    assert (np.stack(list(dataset.frames(dataset.episodes[0], "observation.image"))) == pictures).all()
    assert dataset.columns(["action"])[0]["action"].tolist() == [[1.0], [2.0], [3.0]]


def test_real_robot_data(g1_dir):
    """Four episodes of a Unitree G1, v2.1, AV1: every frame is decoded and found at its timestamp."""
    dataset = LeRobotDataset.open(g1_dir)
    assert (dataset.version, dataset.frame_count) == ("v2.1", 1478)
    assert dataset.tasks == ("Pick up the yellow bottle on the table.",)
    columns = dataset.columns(["observation.state", "action", "timestamp", "frame_index"])
    decoded = 0
    for episode, numbers in zip(dataset.episodes, columns, strict=True):
        assert numbers["observation.state"].shape == numbers["action"].shape == (episode.length, 26)
        np.testing.assert_allclose(numbers["timestamp"], numbers["frame_index"] / 30, atol=1e-5)
        for picture in dataset.frames(episode, "observation.images.cam_high"):
            assert picture.shape == (480, 640, 3) and picture.std() > 10
            decoded += 1
    assert decoded == 1478
