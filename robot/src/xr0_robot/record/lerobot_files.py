"""The files that hold episodes: parquet for numbers, mp4 for cameras, many episodes in each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from xr0_robot.features import IMAGES
from xr0_robot.record.lerobot_format import (
    DATA_FILE_MB,
    DATA_PATH,
    VIDEO_FILE_MB,
    VIDEO_PATH,
    file_place,
)
from xr0_robot.record.video import VideoFile
from xr0_robot.types import Camera


class DataFiles:
    """data/*.parquet: one row group per episode, a new file when the last is full."""

    def __init__(self, root: Path, schema: pa.Schema) -> None:
        self._root, self._schema = root, schema
        self._number = -1
        self._writer: pq.ParquetWriter | None = None
        self._path = root

    def write(self, columns: Mapping[str, np.ndarray]) -> dict[str, int]:
        """Append an episode's columns [length, size]; returns the file's chunk and file index."""
        if self._writer is None or self._path.stat().st_size >= DATA_FILE_MB * 1024**2:
            self.close()
            self._number += 1
            self._path = self._root / DATA_PATH.format(**file_place(self._number))
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(self._path, self._schema)
        self._writer.write_table(
            pa.table({field.name: _arrow(columns[field.name]) for field in self._schema}, self._schema)
        )
        return file_place(self._number)

    def close(self) -> None:
        """Finish the file that is open."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


class VideoFiles:
    """videos/<camera>/*.mp4: many episodes per file, a new file when the last is full."""

    def __init__(self, root: Path, camera: Camera, fps: int) -> None:
        self._root, self._camera, self._fps = root, camera, fps
        self._number = -1
        self._file: VideoFile | None = None

    def add(self, image: np.ndarray) -> None:
        """Encode one frame of the open episode."""
        if self._file is None:
            self._number += 1
            path = VIDEO_PATH.format(video_key=IMAGES + self._camera.key, **file_place(self._number))
            self._file = VideoFile(self._root / path, *self._camera.size, self._fps)
        self._file.add(image)

    def commit(self) -> dict[str, Any]:
        """Keep the open episode; returns its file and its range of seconds there."""
        assert self._file is not None, "an episode without frames is refused before"
        start, end = self._file.commit()
        place = file_place(self._number)
        if self._file.size_mb() >= VIDEO_FILE_MB:
            self.close()
        return {**place, "from_timestamp": start, "to_timestamp": end}

    def drop(self) -> None:
        """Forget the open episode."""
        if self._file is not None:
            self._file.drop()

    def close(self) -> None:
        """Finish the file that is open."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _arrow(values: np.ndarray) -> pa.Array:
    """[n, 1] as n scalars, [n, d] as n lists of d."""
    if values.shape[1] == 1:
        return pa.array(values[:, 0])
    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])
