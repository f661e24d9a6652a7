"""Any frame in any order is the one that reading from the start gives; kept ones are close to it."""

import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from xr0.data.kept import GROUP, KeptPictures
from xr0.data.lerobot import LeRobotDataset
from xr0.data.loader import ahead
from xr0.data.numbers import Numbers
from xr0.data.pictures import DecodedPictures
from xr0.transform.images import ImageSpec

BASE, WRIST = "observation.images.base", "observation.images.wrist"
LENGTHS = (7, 40, 1)
SPEC = ImageSpec(patch=8, merge=2, temporal=1, max_pixels=32 * 32)
CLOSE_PSNR_DB = 35.0


@pytest.fixture
def made(make_dataset):
    return make_dataset(LENGTHS)


@pytest.fixture
def dataset(made):
    return LeRobotDataset.open(made.root)


def decoded(dataset):
    return DecodedPictures(dataset, Numbers.of(dataset))


def test_frames_in_any_order_are_those_of_the_whole_episode(dataset):
    pictures = decoded(dataset)
    whole = {(e.index, c): list(dataset.frames(e, c)) for e in dataset.episodes for c in dataset.cameras}
    places = [(e, f, c) for e, n in enumerate(LENGTHS) for f in range(n) for c in dataset.cameras]
    places += [(1, 5, BASE), (1, 5, BASE), (1, 6, BASE), (1, 39, BASE), (1, 38, BASE)]
    for k in np.random.default_rng(0).permutation(len(places)).tolist():
        episode, frame, camera = places[k]
        assert (pictures.picture(camera, episode, frame) == whole[episode, camera][frame]).all()


def test_a_forked_process_decodes_too(dataset):
    pictures = decoded(dataset)
    here = pictures.picture(BASE, 1, 20)
    (there,) = ahead(lambda _: pictures.picture(BASE, 1, 20), 0, 1, workers=1)
    assert (here == there).all()


def test_what_cannot_be_decoded_is_named(made, dataset):
    pictures = decoded(dataset)
    video = made.root / f"videos/{BASE}/chunk-000/file-000.mp4"
    whole = video.read_bytes()
    video.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"file-000\.mp4, episode 1, frame 3: not a readable video"):
        pictures.picture(BASE, 1, 3)
    video.unlink()
    with pytest.raises(FileNotFoundError, match=r"file-000\.mp4, episode 1, frame 3: the video file is miss"):
        pictures.picture(BASE, 1, 3)


def test_a_frame_that_the_video_lacks_is_named(made):
    path = made.root / "meta/episodes/chunk-000/file-000.parquet"
    rows = pq.read_table(path).to_pylist()
    rows[0][f"videos/{BASE}/from_timestamp"] = 0.01  # between two frames
    rows[2][f"videos/{BASE}/from_timestamp"] = 60.0  # behind the end
    pq.write_table(pa.Table.from_pylist(rows), path)
    pictures = decoded(LeRobotDataset.open(made.root))
    for episode, time in ((0, "0.01"), (2, "60.0")):
        with pytest.raises(ValueError, match=rf"episode {episode}, frame 0: got no frame within .*{time}"):
            pictures.picture(BASE, episode, 0)


def test_images_stored_in_row_groups(tmp_path):
    """v2.1 with PNG bytes, as LeRobot's image features are, several row groups per file."""
    shown = np.random.default_rng(0).integers(0, 256, size=(7, 6, 8, 3), dtype=np.uint8)
    cells = []
    for picture in shown:
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "PNG")
        cells.append({"bytes": buffer.getvalue(), "path": None})
    columns = {"observation.images.top": cells, "episode_index": [0] * 7, "task_index": [0] * 7}
    columns |= {name: [[float(k)] for k in range(7)] for name in ("observation.state", "action")}
    table = pa.table({**columns, "timestamp": [k / 10 for k in range(7)]})
    (tmp_path / "meta").mkdir()
    (tmp_path / "data").mkdir()
    pq.write_table(table, tmp_path / "data/0.parquet", row_group_size=3)
    features = {"observation.images.top": {"dtype": "image", "shape": [6, 8, 3], "names": None}}
    for name in ("observation.state", "action", "timestamp", "task_index"):
        features[name] = {
            "dtype": "int64" if name == "task_index" else "float32",
            "shape": [1],
            "names": None,
        }
    info = {"codebase_version": "v2.1", "fps": 10, "features": features, "total_episodes": 1}
    info |= {"chunks_size": 1000, "data_path": "data/{episode_index}.parquet", "video_path": None}
    (tmp_path / "meta/info.json").write_text(json.dumps(info))
    (tmp_path / "meta/tasks.jsonl").write_text('{"task_index": 0, "task": "look"}\n')
    (tmp_path / "meta/episodes.jsonl").write_text('{"episode_index": 0, "tasks": ["look"], "length": 7}\n')
    pictures = decoded(LeRobotDataset.open(tmp_path))
    for frame in (6, 0, 3, 2, 5):
        assert (pictures.picture("observation.images.top", 0, frame) == shown[frame]).all()


def psnr(one, other):
    return 10 * np.log10(255**2 / max(np.mean((one.astype(np.float64) - other) ** 2), 1e-9))


@pytest.mark.parametrize("workers", [1, 2])
def test_kept_pictures_are_what_the_model_would_see(make_dataset, workers):
    dataset = LeRobotDataset.open(make_dataset((3,) * (GROUP + 2)).root)
    kept = KeptPictures.of(dataset, [BASE], SPEC, stride=2, workers=workers)
    for episode in (0, 1, GROUP - 1, GROUP, GROUP + 1):
        whole = list(dataset.frames(dataset.episodes[episode], BASE))
        for frame in (0, 2):
            small = np.asarray(Image.fromarray(whole[frame]).resize((32, 16), Image.Resampling.BICUBIC))
            got = kept.picture(BASE, episode, frame)
            assert got.shape == (16, 32, 3) and psnr(got, small) > CLOSE_PSNR_DB
    for frame in (1, 4, -2):
        with pytest.raises(
            ValueError, match=rf"episode 1: got frame {frame}, kept is every 2-th one, 2 in all"
        ):
            kept.picture(BASE, 1, frame)


def test_what_is_kept_is_not_made_again_and_what_lacks_is(made, dataset):
    kept = KeptPictures.of(dataset, [WRIST], SPEC, stride=3, workers=1)
    first = kept.picture(WRIST, 1, 9)
    for video in made.root.glob("videos/*/*/*.mp4"):
        times = video.stat()
        video.write_bytes(bytes(times.st_size))  # same name and size, no picture in it
    again = LeRobotDataset.open(made.root)
    assert (KeptPictures.of(again, [WRIST], SPEC, stride=3, workers=1).picture(WRIST, 1, 9) == first).all()
    with pytest.raises(ValueError, match="not a readable video"):
        KeptPictures.of(again, [BASE], SPEC, stride=3, workers=1)
    assert not list(kept.folder.glob(f"{BASE}/*.npy")) and not list(kept.folder.glob(f"{BASE}/.*"))
