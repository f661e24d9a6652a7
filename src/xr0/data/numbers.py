"""The numbers of a dataset on disk, column by column: a few rows are read when they are asked for.

CACHE/numbers/<fingerprint>/<column>.npy    [frames, size], the episodes one behind the other
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy

from xr0.data.cache import FINGERPRINT_DIGITS, cache_dir, fingerprint, published
from xr0.data.lerobot import LeRobotDataset
from xr0_robot.features import ACTION, STATE

TIMESTAMP, TASK_INDEX = "timestamp", "task_index"

COLUMNS = (STATE, ACTION, TIMESTAMP, TASK_INDEX)
"""What every dataset must have."""


@dataclass(frozen=True)
class Column:
    """A .npy file of rows [frames, size]; `offset` is where the first begins [bytes]."""

    path: Path
    dtype: np.dtype
    size: int
    offset: int

    @staticmethod
    def open(path: Path) -> Column:
        """Read the header only."""
        with path.open("rb") as file:
            npy.read_magic(file)
            (_, size), _, dtype = npy.read_array_header_1_0(file)
            return Column(path, dtype, size, file.tell())

    def rows(self, first: int, count: int) -> np.ndarray:
        """[count, size]."""
        place = self.offset + first * self.size * self.dtype.itemsize
        values = np.fromfile(self.path, self.dtype, count * self.size, offset=place)
        return values.reshape(count, self.size)


@dataclass(frozen=True)
class Numbers:
    """Columns by feature name; episode e is rows start[e] to start[e + 1]. Holds no row."""

    start: np.ndarray
    columns: Mapping[str, Column]
    fingerprint: str

    @staticmethod
    def of(dataset: LeRobotDataset, extra: Iterable[str] = ()) -> Numbers:
        """State, action, timestamp and task index of a dataset, and `extra` numeric features.

        What the cache lacks is written first, one data file at a time. ValueError names file, episode and
        frame of a number that is NaN or infinite, and of a task index that no task has.
        """
        content = fingerprint(dataset)
        folder = cache_dir("numbers", content[:FINGERPRINT_DIGITS])
        paths = {name: folder / f"{name}.npy" for name in dict.fromkeys((*COLUMNS, *extra))}
        missing = {name: path for name, path in paths.items() if not path.exists()}
        if missing:
            _write(dataset, missing)
        columns = {name: Column.open(path) for name, path in paths.items()}
        return Numbers(dataset.episodes.start, columns, content)

    def __len__(self) -> int:
        return len(self.start) - 1

    def rows(self, name: str, episode: int, first: int = 0, end: int | None = None) -> np.ndarray:
        """Rows [first, end) of an episode, [n, size]: all of them, cut at the episode's end."""
        length = int(self.start[episode + 1] - self.start[episode])
        last = length if end is None else min(end, length)
        return self.columns[name].rows(int(self.start[episode]) + first, last - first)


def _write(dataset: LeRobotDataset, paths: Mapping[str, Path]) -> None:
    """One pass over the data files. Each file's episodes go where they belong, in whatever order they lie."""
    start = dataset.episodes.start
    with ExitStack() as stack:
        files: dict[str, BinaryIO] = {}
        offsets: dict[str, int] = {}
        dtypes = {name: _dtype(dataset, name) for name in paths}
        for name, path in paths.items():
            temporary = stack.enter_context(published(path))
            files[name] = stack.enter_context(temporary.open("wb"))
            shape = (int(start[-1]), int(np.prod(dataset.features[name].shape)))
            header = {"descr": npy.dtype_to_descr(dtypes[name]), "fortran_order": False, "shape": shape}
            npy.write_array_header_1_0(files[name], header)
            offsets[name] = files[name].tell()
        for path, episodes in dataset.episodes.by_file():
            lengths = dataset.episodes.length[episodes]
            for name, values in dataset.file_columns(path, list(paths), episodes).items():
                _check(dataset, name, values, path, episodes)
                row_bytes = dtypes[name].itemsize * values.shape[1]
                parts = np.split(values.astype(dtypes[name]), np.cumsum(lengths)[:-1])
                for episode, part in zip(episodes, parts, strict=True):
                    files[name].seek(offsets[name] + int(start[episode]) * row_bytes)
                    files[name].write(part.tobytes())


def _dtype(dataset: LeRobotDataset, name: str) -> np.dtype:
    """Times need float64: float32 is off by a millisecond after some hours."""
    if name == TIMESTAMP:
        return np.dtype(np.float64)
    feature = dataset.features.get(name)
    if feature is None:
        raise ValueError(f"dataset {dataset.root}: no feature {name}, it has {sorted(dataset.features)}")
    return np.dtype(np.float32 if feature.dtype.startswith("float") else np.int64)


def _check(
    dataset: LeRobotDataset, name: str, values: np.ndarray, path: Path, episodes: Sequence[int] | np.ndarray
) -> None:
    if name == TASK_INDEX:
        wrong, what = (values < 0) | (values >= len(dataset.tasks)), f"there are {len(dataset.tasks)} tasks"
    else:
        wrong, what = ~np.isfinite(values), "it is not finite"
    if not wrong.any():
        return
    row = int(np.argwhere(wrong)[0, 0])
    ends = np.cumsum(dataset.episodes.length[episodes])
    k = int(np.searchsorted(ends, row, side="right"))
    frame = row - int(ends[k - 1] if k else 0)
    got = values[row][wrong[row]][0]
    raise ValueError(f"{path}, episode {episodes[k]}, frame {frame}: {name} is {got}, {what}")
