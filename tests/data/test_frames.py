"""The store holds exactly what the videos decode to, and is built once, whole or not at all."""

import numpy as np
import pytest

from xr0.data.frames import FrameStore
from xr0.data.lerobot import LeRobotDataset

WRIST = "observation.images.wrist"


@pytest.fixture
def dataset(make_dataset):
    return LeRobotDataset.open(make_dataset((5, 8, 1, 6)).root)


@pytest.mark.parametrize("workers", [1, 2])
def test_store_equals_direct_decoding(dataset, tmp_path, workers):
    store = FrameStore.build(dataset, tmp_path / "cache", stride=3, workers=workers)
    assert list(zip(store.episode.tolist(), store.frame.tolist(), strict=True)) == [
        *((0, 0), (0, 3), (1, 0), (1, 3), (1, 6), (2, 0), (3, 0), (3, 3))
    ]
    for camera in dataset.cameras:
        for episode in dataset.episodes:
            decoded = list(dataset.frames(episode, camera))
            for row in np.flatnonzero(store.episode == episode.index).tolist():
                assert (store.images(camera, row) == decoded[store.frame[row]]).all()


def test_second_build_decodes_nothing(dataset, tmp_path):
    first = FrameStore.build(dataset, tmp_path / "cache", stride=2)
    for video in dataset.root.glob("videos/*/*/*.mp4"):
        video.write_bytes(bytes(video.stat().st_size))  # same name and size, no picture in it
    second = FrameStore.build(dataset, tmp_path / "cache", stride=2)
    assert first.path == second.path
    assert (first.images(WRIST, 4) == second.images(WRIST, 4)).all()
    with pytest.raises(ValueError, match="not a readable video"):
        FrameStore.build(dataset, tmp_path / "cache", stride=1)


def test_failed_build_leaves_nothing(dataset, tmp_path):
    next(dataset.root.glob("videos/*/*/file-001.mp4")).unlink()
    with pytest.raises(FileNotFoundError, match=r"episode 2.*file-001\.mp4 is missing"):
        FrameStore.build(dataset, tmp_path / "cache", stride=1)
    assert not list(tmp_path.glob("cache/*"))


def test_bad_requests_are_refused(dataset, tmp_path):
    store = FrameStore.build(dataset, tmp_path / "cache", stride=4)
    with pytest.raises(ValueError, match=r"got camera 'wrist', expected one of \['observation\.images\."):
        store.images("wrist", 0)
    with pytest.raises(ValueError, match="got stride 0 and 1 workers"):
        FrameStore.build(dataset, tmp_path / "cache", stride=0)
    with pytest.raises(FileNotFoundError, match="not a frame store"):
        FrameStore.open(tmp_path)
