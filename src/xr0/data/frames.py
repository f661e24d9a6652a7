"""Decoded frames on disk: every `stride`-th picture of a dataset as uint8 memory maps that processes share.

CACHE/<fingerprint>-stride<k>/index.npy        int32 [n, 2]: episode, frame
CACHE/<fingerprint>-stride<k>/<camera>.npy     uint8 [n, h, w, 3]
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from xr0.data.lerobot import LeRobotDataset

INDEX_FILE = "index.npy"
FINGERPRINT_DIGITS = 16
"""Hexadecimal digits of the dataset's fingerprint in the folder's name: 64 bits."""


@dataclass(frozen=True)
class FrameStore:
    """Row k is frame `frame[k]` of episode `episode[k]`, for every camera feature in `pictures`."""

    path: Path
    episode: np.ndarray
    frame: np.ndarray
    pictures: Mapping[str, np.ndarray]

    @staticmethod
    def build(dataset: LeRobotDataset, cache_dir: Path | str, stride: int, workers: int = 1) -> FrameStore:
        """Decode frames 0, stride, 2 stride ... of each episode, unless the cache has them already.

        The folder appears whole or not at all, so several processes may call this at once.
        """
        if stride < 1 or workers < 1:
            raise ValueError(f"frames: got stride {stride} and {workers} workers, expected at least 1")
        path = Path(cache_dir) / f"{dataset.fingerprint()[:FINGERPRINT_DIGITS]}-stride{stride}"
        if not path.exists():
            dataset.check_files()
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
            try:
                whole = temporary / "whole"
                whole.mkdir()
                _decode_all(dataset, whole, stride, workers)
                _publish(whole, path)
            finally:
                shutil.rmtree(temporary)
        return FrameStore.open(path)

    @staticmethod
    def open(path: Path | str) -> FrameStore:
        """Map a built store; nothing is read yet."""
        path = Path(path)
        if not (path / INDEX_FILE).is_file():
            raise FileNotFoundError(f"{path / INDEX_FILE} is missing: not a frame store")
        index = np.load(path / INDEX_FILE, allow_pickle=False)
        pictures = {
            file.stem: np.load(file, mmap_mode="r", allow_pickle=False)
            for file in sorted(path.glob("*.npy"))
            if file.name != INDEX_FILE
        }
        return FrameStore(path, index[:, 0], index[:, 1], pictures)

    def __len__(self) -> int:
        return len(self.episode)

    def images(self, camera: str, row: int) -> np.ndarray:
        """One picture, uint8 [h, w, 3], by the dataset's feature name, e.g. "observation.images.base"."""
        if camera not in self.pictures:
            raise ValueError(f"{self.path}: got camera {camera!r}, expected one of {sorted(self.pictures)}")
        return self.pictures[camera][row]


def _decode_all(dataset: LeRobotDataset, folder: Path, stride: int, workers: int) -> None:
    frames = [np.arange(0, episode.length, stride) for episode in dataset.episodes]
    index = [
        np.stack([np.full_like(f, e.index), f], axis=1) for e, f in zip(dataset.episodes, frames, strict=True)
    ]
    rows = np.concatenate(index).astype(np.int32)
    np.save(folder / INDEX_FILE, rows)
    for camera in dataset.cameras:
        shape = (len(rows), *dataset.features[camera].image_size, 3)
        open_memmap(folder / f"{camera}.npy", mode="w+", dtype=np.uint8, shape=shape).flush()
    if workers == 1:
        _decode_part(dataset.root, folder, 0, 1)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        parts = [pool.submit(_decode_part, dataset.root, folder, part, workers) for part in range(workers)]
        for done in parts:
            done.result()


def _decode_part(root: Path, folder: Path, part: int, parts: int) -> None:
    """Fill the rows of every `parts`-th episode."""
    dataset = LeRobotDataset.open(root)
    index = np.load(folder / INDEX_FILE, allow_pickle=False)
    maps = {camera: open_memmap(folder / f"{camera}.npy", mode="r+") for camera in dataset.cameras}
    for episode in dataset.episodes[part::parts]:
        rows = np.flatnonzero(index[:, 0] == episode.index)
        for camera, pictures in maps.items():
            for row, picture in zip(rows, dataset.frames(episode, camera, index[rows, 1]), strict=True):
                pictures[row] = picture


def _publish(whole: Path, path: Path) -> None:
    """Give the folder its name; if another process was faster, its equal folder stays."""
    try:
        whole.rename(path)
    except OSError:
        if not path.exists():
            raise
