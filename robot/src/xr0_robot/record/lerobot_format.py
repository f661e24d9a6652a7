"""The files of a LeRobotDataset v3.0 and how meta/ is written, as LeRobot 0.6.1 does."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from xr0_robot.record.dataset_stats import dataset_stats

CODEBASE_VERSION = "v3.0"
FILES_PER_CHUNK = 1000
"""`chunks_size`: files in one chunk-NNN folder (LeRobot's default)."""

DATA_FILE_MB = 100
VIDEO_FILE_MB = 200
"""Size at which the next episode opens a new file (LeRobot's defaults)."""

DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO_PATH = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
EPISODES_PATH = "meta/episodes/chunk-000/file-000.parquet"
INFO_PATH = "meta/info.json"
STATS_PATH = "meta/stats.json"
TASKS_PATH = "meta/tasks.parquet"
EMBODIMENT_PATH = "meta/embodiment.json"
"""This project's addition: `Embodiment.to_dict()`, so that data says which robot it came from."""

INDEX_FEATURES: dict[str, dict[str, Any]] = {
    "timestamp": {"dtype": "float32", "shape": [1], "names": None},
    "frame_index": {"dtype": "int64", "shape": [1], "names": None},
    "episode_index": {"dtype": "int64", "shape": [1], "names": None},
    "index": {"dtype": "int64", "shape": [1], "names": None},
    "task_index": {"dtype": "int64", "shape": [1], "names": None},
}
"""The columns every dataset has; `index` is the row in the whole dataset."""


INTERVENTION_FEATURE: dict[str, Any] = {"dtype": "bool", "shape": [1], "names": None}
"""As LeRobot's rollouts have it."""


def vector_feature(names: Sequence[str]) -> dict[str, Any]:
    """A float32 vector with one name per number."""
    return {"dtype": "float32", "shape": [len(names)], "names": list(names)}


def file_place(number: int) -> dict[str, int]:
    """The `number`-th file as chunk and file index."""
    return {"chunk_index": number // FILES_PER_CHUNK, "file_index": number % FILES_PER_CHUNK}


def data_schema(features: Mapping[str, Mapping[str, Any]]) -> pa.Schema:
    """Columns of data/*.parquet: one number is a scalar, more are a list of fixed size; video has none."""
    fields = []
    for name, feature in features.items():
        if feature["dtype"] == "video":
            continue
        scalar = pa.from_numpy_dtype(feature["dtype"])
        size = feature["shape"][0]
        fields.append((name, scalar if size == 1 else pa.list_(scalar, size)))
    return pa.schema(fields)


def write_json(path: Path, content: Any) -> None:
    """Indented JSON, its folder made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=4, ensure_ascii=False) + "\n", encoding="utf-8")


def write_tasks(root: Path, tasks: Sequence[str]) -> None:
    """meta/tasks.parquet: row k is task k. The sentence is pandas' index, which LeRobot looks tasks up by."""
    columns = [
        {"name": "task_index", "field_name": "task_index", "pandas_type": "int64", "numpy_type": "int64"},
        {"name": "task", "field_name": "task", "pandas_type": "unicode", "numpy_type": "object"},
    ]
    pandas = {
        "index_columns": ["task"],
        "column_indexes": [
            {"name": None, "field_name": None, "pandas_type": "unicode", "numpy_type": "object"}
        ],
        "columns": [{**column, "metadata": None} for column in columns],
        "creator": {"library": "pyarrow", "version": pa.__version__},
        "pandas_version": "2.2.0",
    }
    table = pa.table(
        {"task_index": pa.array(range(len(tasks)), pa.int64()), "task": pa.array(tasks, pa.string())}
    )
    path = root / TASKS_PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.replace_schema_metadata({"pandas": json.dumps(pandas)}), path)


def write_episodes(root: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """meta/episodes: one row per episode; every row has the same columns."""
    path = root / EPISODES_PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), path)


@dataclass(frozen=True)
class Dataset:
    """What meta/ says of the data and videos. rows: the episodes' columns; tasks: sentence by index."""

    fps: int
    robot_type: str
    features: Mapping[str, Mapping[str, Any]]
    rows: Sequence[Mapping[str, Any]]
    tasks: Sequence[str]


def write_meta(root: Path, dataset: Dataset) -> None:
    """Everything under meta/ but the embodiment; reads the data back for the statistics."""
    write_tasks(root, dataset.tasks)
    write_episodes(root, dataset.rows)
    images = [key for key, feature in dataset.features.items() if feature["dtype"] == "video"]
    write_json(root / STATS_PATH, dataset_stats(_columns(root, dataset.features), dataset.rows, images))
    info = {
        "codebase_version": CODEBASE_VERSION,
        "fps": dataset.fps,
        "features": dict(dataset.features),
        "total_episodes": len(dataset.rows),
        "total_frames": sum(row["length"] for row in dataset.rows),
        "total_tasks": len(dataset.tasks),
        "chunks_size": FILES_PER_CHUNK,
        "data_files_size_in_mb": DATA_FILE_MB,
        "video_files_size_in_mb": VIDEO_FILE_MB,
        "data_path": DATA_PATH,
        "video_path": VIDEO_PATH,
        "robot_type": dataset.robot_type,
        "splits": {"train": f"0:{len(dataset.rows)}"},
    }
    write_json(root / INFO_PATH, info)  # last: a folder with info.json is whole


def _columns(root: Path, features: Mapping[str, Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """Every numeric column of the data as [rows, size], files in order."""
    tables = [pq.read_table(path) for path in sorted(root.glob("data/*/*.parquet"))]
    return {
        name: np.concatenate([column_array(table, name, feature["shape"][0]) for table in tables])
        for name, feature in features.items()
        if feature["dtype"] != "video"
    }


def column_array(table: pa.Table, name: str, size: int) -> np.ndarray:
    """A column of scalars or lists of `size` as [rows, size]."""
    column = table.column(name).combine_chunks()
    flat = column if size == 1 else column.flatten()
    return flat.to_numpy(zero_copy_only=False).reshape(-1, size)
