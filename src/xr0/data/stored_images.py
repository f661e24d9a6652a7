"""Random access to pictures that are stored in parquet files: only the row group around one is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from xr0.data.episode_table import Episode
from xr0.data.open_files import OpenFiles
from xr0.data.video import decode_image


class StoredImages:
    """The last used files of this process."""

    def __init__(self) -> None:
        self._files = OpenFiles(_Rows)

    def image(self, episode: Episode, camera: str, frame: int) -> np.ndarray:
        """uint8 [h, w, 3]; FileNotFoundError or ValueError names file, episode, frame and camera."""
        where = f"{episode.data_path}, episode {episode.index}, frame {frame}, {camera}"
        try:
            with self._files.use(episode.data_path) as rows:
                data = rows.read(episode.index, camera, frame)
        except FileNotFoundError as error:
            raise FileNotFoundError(f"{where}: the file is missing") from error
        except (pa.ArrowInvalid, KeyError, IndexError) as error:
            raise ValueError(f"{where}: not in a readable parquet file ({error})") from error
        return decode_image(data, where)


class _Rows:
    """An open file, the episode of each of its rows, and where its row groups end."""

    def __init__(self, path: Path) -> None:
        self._file = pq.ParquetFile(path)
        self._episode = self._file.read(columns=["episode_index"]).column(0).to_numpy()
        meta = self._file.metadata
        self._ends = np.cumsum([meta.row_group(k).num_rows for k in range(meta.num_row_groups)])

    def read(self, episode: int, camera: str, frame: int) -> bytes | None:
        """The encoded picture."""
        row = int(np.flatnonzero(self._episode == episode)[frame])
        group = int(np.searchsorted(self._ends, row, side="right"))
        first = int(self._ends[group - 1]) if group else 0
        cell = self._file.read_row_group(group, columns=[camera]).column(camera)[row - first]
        return cell.as_py()["bytes"]

    def close(self) -> None:
        self._file.close()
