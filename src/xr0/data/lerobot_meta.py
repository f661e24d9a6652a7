"""What meta/ of a LeRobot dataset says, v3.0 and v2.x alike: features, tasks, and where each episode lies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from xr0.data.episode_table import EpisodeTable, FilePlaces, Sentences, VideoPlaces


@dataclass(frozen=True)
class Feature:
    """One entry of info.json's features. dtype is numpy's, or "video", "image", "string"."""

    dtype: str
    shape: tuple[int, ...]
    names: Any

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width of a camera; its shape may be channels-last or channels-first."""
        height, width = self.shape[:2] if self.shape[2] in (1, 3) else self.shape[1:]
        return height, width


@dataclass(frozen=True)
class Meta:
    """All of it. `tasks` are the sentences by task_index, `episodes` are 0, 1, 2 ... in order."""

    version: str
    fps: float
    robot_type: str | None
    features: Mapping[str, Feature]
    tasks: tuple[str, ...]
    episodes: EpisodeTable


def read_meta(root: Path) -> Meta:
    """FileNotFoundError or ValueError, naming the file, if it is not a known dataset."""
    info = _json(root / "meta/info.json")
    version = str(_entry(info, "codebase_version", root))
    if not version.startswith(("v2.", "v3.")):
        raise ValueError(f"dataset {root}: got version {version!r}, expected v2.0, v2.1 or v3.0")
    try:
        features = {
            name: Feature(feature["dtype"], tuple(feature["shape"]), feature.get("names"))
            for name, feature in _entry(info, "features", root).items()
        }
        cameras = [name for name, feature in features.items() if feature.dtype == "video"]
        read = _episodes_v3 if version.startswith("v3.") else _episodes_v2
        tasks, episodes = read(root, info, cameras)
    except KeyError as error:
        raise ValueError(f"dataset {root}: meta/ has no entry {error}") from error
    total = _entry(info, "total_episodes", root)
    if len(episodes) != total:
        raise ValueError(f"dataset {root}: meta/ lists {len(episodes)} episodes, info.json says {total}")
    return Meta(version, float(_entry(info, "fps", root)), info.get("robot_type"), features, tasks, episodes)


def _episodes_v3(
    root: Path, info: Mapping[str, Any], cameras: Sequence[str]
) -> tuple[tuple[str, ...], EpisodeTable]:
    names = ["episode_index", "tasks", "length", "data/chunk_index", "data/file_index"]
    parts = ("chunk_index", "file_index", "from_timestamp")
    names += [f"videos/{camera}/{part}" for camera in cameras for part in parts]
    paths = sorted(root.glob("meta/episodes/*/*.parquet"))
    if not paths:
        raise FileNotFoundError(f"dataset {root}: meta/episodes/*/*.parquet is missing")
    table = pa.concat_tables([read_table(path, None, names) for path in paths])
    table = table.take(_counted(table.column("episode_index").to_numpy(), root))
    numbers = {name: table.column(name).to_numpy() for name in names if name != "tasks"}
    sentences = Sentences()
    for tasks in table.column("tasks"):
        sentences.add(tasks.as_py())
    videos = {}
    for camera in cameras:
        chunk, file, start_s = (numbers[f"videos/{camera}/{part}"] for part in parts)
        videos[camera] = VideoPlaces(FilePlaces(root, info["video_path"], chunk, file), start_s)
    data = FilePlaces(root, info["data_path"], numbers["data/chunk_index"], numbers["data/file_index"])
    episodes = EpisodeTable(numbers["length"], *sentences.arrays(), data, videos)
    return _tasks_v3(root / "meta/tasks.parquet"), episodes


def _tasks_v3(path: Path) -> tuple[str, ...]:
    """Sentences by task_index; pandas calls an unnamed index __index_level_0__."""
    table = read_table(path, None, None)
    column = next((name for name in ("task", "__index_level_0__") if name in table.column_names), None)
    if column is None or "task_index" not in table.column_names:
        raise ValueError(f"{path}: got columns {table.column_names}, expected task_index and task")
    rows = zip(table.column("task_index").to_pylist(), table.column(column).to_pylist(), strict=True)
    return _in_order(dict(rows), path)


def _episodes_v2(
    root: Path, info: Mapping[str, Any], cameras: Sequence[str]
) -> tuple[tuple[str, ...], EpisodeTable]:
    lines = _json_lines(root / "meta/episodes.jsonl")
    rows = [(row["episode_index"], row["length"], tuple(row["tasks"])) for row in lines]
    rows = [rows[k] for k in _counted(np.array([index for index, *_ in rows]), root)]
    sentences = Sentences()
    for _, _, tasks in rows:
        sentences.add(tasks)
    number = np.arange(len(rows))
    chunk = number // info["chunks_size"]
    videos = {
        camera: VideoPlaces(FilePlaces(root, info["video_path"], chunk, number), np.zeros(len(rows)))
        for camera in cameras
    }
    data = FilePlaces(root, info["data_path"], chunk, number)
    length = np.array([length for _, length, _ in rows])
    path = root / "meta/tasks.jsonl"
    tasks = {row["task_index"]: row["task"] for row in _json_lines(path)}
    return _in_order(tasks, path), EpisodeTable(length, *sentences.arrays(), data, videos)


def _counted(index: np.ndarray, root: Path) -> np.ndarray:
    """The order that sorts episode numbers; ValueError unless they are 0, 1, 2 ... once each."""
    order = np.argsort(index, kind="stable")
    if len(index) == 0 or (index[order] != np.arange(len(index))).any():
        raise ValueError(f"dataset {root}: meta/ does not list the episodes 0, 1, 2 ... once each")
    return order


def _in_order(tasks: Mapping[int, str], path: Path) -> tuple[str, ...]:
    if sorted(tasks) != list(range(len(tasks))):
        raise ValueError(f"{path}: got task indices {sorted(tasks)}, expected 0 to {len(tasks) - 1}")
    return tuple(tasks[k] for k in range(len(tasks)))


def read_table(path: Path, episode: int | None, columns: Sequence[str] | None) -> pa.Table:
    """A parquet file's columns; one line that names file, episode and column if they cannot be had."""
    where = f"{path}" if episode is None else f"{path}, episode {episode}"
    if not path.is_file():
        raise FileNotFoundError(f"{where}: the file is missing")
    try:
        with pq.ParquetFile(path) as file:
            missing = sorted(set(columns or ()) - set(file.schema_arrow.names))
            if missing:
                raise ValueError(f"{where}: got no column {missing}, it has {file.schema_arrow.names}")
            return file.read(columns=None if columns is None else list(columns))
    except (pa.ArrowInvalid, OSError) as error:
        raise ValueError(f"{where}: not a readable parquet file ({error})") from error


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: not a LeRobot dataset")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: not valid JSON ({error})") from error


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: not a LeRobot v2 dataset")
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield json.loads(line)
            except json.JSONDecodeError as error:
                raise ValueError(f"{path}, line {number}: not valid JSON ({error})") from error


def _entry(info: Mapping[str, Any], key: str, root: Path) -> Any:
    if key not in info:
        raise ValueError(f"{root}/meta/info.json: got no {key!r}, it has {sorted(info)}")
    return info[key]
