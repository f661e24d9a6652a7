"""Joins datasets that several processes wrote into one: rows are renumbered, videos copied as they are."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from xr0_robot.record.dataset_stats import episode_columns, vector_stats
from xr0_robot.record.lerobot_format import (
    DATA_PATH,
    EMBODIMENT_PATH,
    EPISODES_PATH,
    INFO_PATH,
    TASKS_PATH,
    VIDEO_PATH,
    Dataset,
    column_array,
    file_place,
    write_meta,
)


def merge(roots: Sequence[Path], out: Path) -> None:
    """Write the episodes of `roots`, in order, as the new dataset `out`.

    The roots must come from `LeRobotWriter` with equal fps, features and embodiment (ValueError otherwise).
    """
    if out.exists():
        raise FileExistsError(f"dataset {out}: it exists already, expected a new folder")
    if not roots:
        raise ValueError("merge: got no dataset")
    infos = [json.loads((root / INFO_PATH).read_text(encoding="utf-8")) for root in roots]
    embodiments = [(root / EMBODIMENT_PATH).read_text(encoding="utf-8") for root in roots]
    for root, info, embodiment in zip(roots, infos, embodiments, strict=True):
        same = all(info[key] == infos[0][key] for key in ("fps", "features", "robot_type"))
        if not same or embodiment != embodiments[0]:
            raise ValueError(
                f"merge: {root} differs from {roots[0]} in fps, features, robot_type or embodiment"
            )
    joined = _Joined(out, [key for key, value in infos[0]["features"].items() if value["dtype"] == "video"])
    for root in roots:
        joined.append(root)
    path = out / EMBODIMENT_PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(embodiments[0], encoding="utf-8")
    first = infos[0]
    write_meta(
        out, Dataset(first["fps"], first["robot_type"], first["features"], joined.rows, list(joined.tasks))
    )


class _Joined:
    """The growing dataset: its episode rows, its tasks, and the next free file numbers."""

    def __init__(self, out: Path, video_keys: Sequence[str]) -> None:
        self._out = out
        self.rows: list[dict[str, Any]] = []
        self.tasks: dict[str, int] = {}
        self._frames = 0
        self._next_file = {"data": 0, **{f"videos/{key}": 0 for key in video_keys}}
        self._video_keys = video_keys

    def append(self, root: Path) -> None:
        """Add one dataset behind what is there."""
        rows = pq.read_table(root / EPISODES_PATH).to_pylist()
        sentences = pq.read_table(root / TASKS_PATH).column("task").to_pylist()
        task_index = np.array([self.tasks.setdefault(task, len(self.tasks)) for task in sentences])
        self._copy_data(root, rows, task_index)
        for key in self._video_keys:
            self._copy_videos(root, rows, key)
        for row in rows:
            row["episode_index"] += len(self.rows)
            row["dataset_from_index"] += self._frames
            row["dataset_to_index"] += self._frames
        self.rows += rows
        self._frames += sum(row["length"] for row in rows)

    def _copy_data(self, root: Path, rows: Sequence[dict[str, Any]], task_index: np.ndarray) -> None:
        """Rewrite the numbering columns; a row group is an episode."""
        for old, new, members in self._moves(rows, "data"):
            source = pq.ParquetFile(root / DATA_PATH.format(**old))
            target = self._out / DATA_PATH.format(**new)
            target.parent.mkdir(parents=True, exist_ok=True)
            with pq.ParquetWriter(target, source.schema_arrow) as writer:
                for group, row in enumerate(members):
                    table = source.read_row_group(group)
                    numbering = {
                        "episode_index": column_array(table, "episode_index", 1) + len(self.rows),
                        "index": column_array(table, "index", 1) + self._frames,
                        "task_index": task_index[column_array(table, "task_index", 1)],
                    }
                    for name, values in numbering.items():
                        place = table.schema.get_field_index(name)
                        table = table.set_column(place, name, pa.array(values[:, 0]))
                    writer.write_table(table)
                    stats = {name: vector_stats(values) for name, values in numbering.items()}
                    row.update(episode_columns(stats))

    def _copy_videos(self, root: Path, rows: Sequence[dict[str, Any]], key: str) -> None:
        for old, new, _ in self._moves(rows, f"videos/{key}"):
            target = self._out / VIDEO_PATH.format(video_key=key, **new)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / VIDEO_PATH.format(video_key=key, **old), target)

    def _moves(
        self, rows: Sequence[dict[str, Any]], prefix: str
    ) -> list[tuple[dict[str, int], dict[str, int], list[dict[str, Any]]]]:
        """Each old file: its place, its new place (also entered in its rows), and its rows."""
        chunk, file = f"{prefix}/chunk_index", f"{prefix}/file_index"
        moves = []
        for (old_chunk, old_file), members in groupby(list(rows), key=lambda row: (row[chunk], row[file])):
            new = file_place(self._next_file[prefix])
            self._next_file[prefix] += 1
            moves.append(({"chunk_index": old_chunk, "file_index": old_file}, new, list(members)))
        for _, new, members in moves:
            for row in members:
                row[chunk], row[file] = new["chunk_index"], new["file_index"]
        return moves
