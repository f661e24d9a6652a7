"""The files of a LeRobotDataset v3.0, and how each is written. Layout as LeRobot 0.6.1 writes and reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

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
    table = pa.table({"task_index": pa.array(range(len(tasks)), pa.int64()), "task": pa.array(tasks, pa.string())})
    path = root / TASKS_PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.replace_schema_metadata({"pandas": json.dumps(pandas)}), path)


def write_episodes(root: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """meta/episodes: one row per episode; every row has the same columns."""
    path = root / EPISODES_PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), path)


def write_info(
    root: Path,
    fps: int,
    features: Mapping[str, Mapping[str, Any]],
    robot_type: str,
    episodes: int,
    frames: int,
    tasks: int,
) -> None:
    """meta/info.json."""
    info = {
        "codebase_version": CODEBASE_VERSION,
        "fps": fps,
        "features": dict(features),
        "total_episodes": episodes,
        "total_frames": frames,
        "total_tasks": tasks,
        "chunks_size": FILES_PER_CHUNK,
        "data_files_size_in_mb": DATA_FILE_MB,
        "video_files_size_in_mb": VIDEO_FILE_MB,
        "data_path": DATA_PATH,
        "video_path": VIDEO_PATH,
        "robot_type": robot_type,
        "splits": {"train": f"0:{episodes}"},
    }
    write_json(root / INFO_PATH, info)
