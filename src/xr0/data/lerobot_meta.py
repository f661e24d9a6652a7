"""What meta/ of a LeRobot dataset says, v3.0 and v2.x alike: features, tasks, and where each episode lies."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


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
class VideoSpan:
    """An episode's place in a video: the file and the second at which it starts there."""

    path: Path
    start_s: float


@dataclass(frozen=True)
class Episode:
    """Where one episode is. `videos` is by feature name, e.g. "observation.images.base"."""

    index: int
    length: int
    tasks: tuple[str, ...]
    data_path: Path
    videos: Mapping[str, VideoSpan]


@dataclass(frozen=True)
class Meta:
    """All of it. `tasks` are the sentences by task_index, `episodes` are 0, 1, 2 ... in order."""

    version: str
    fps: float
    robot_type: str | None
    features: Mapping[str, Feature]
    tasks: tuple[str, ...]
    episodes: tuple[Episode, ...]


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
    if [e.index for e in episodes] != list(range(len(episodes))) or not episodes:
        raise ValueError(f"dataset {root}: meta/ does not list the episodes 0, 1, 2 ... once each")
    total = _entry(info, "total_episodes", root)
    if len(episodes) != total:
        raise ValueError(f"dataset {root}: meta/ lists {len(episodes)} episodes, info.json says {total}")
    return Meta(version, float(_entry(info, "fps", root)), info.get("robot_type"), features, tasks, episodes)


def _episodes_v3(
    root: Path, info: Mapping[str, Any], cameras: Sequence[str]
) -> tuple[tuple[str, ...], tuple[Episode, ...]]:
    names = ["episode_index", "tasks", "length", "data/chunk_index", "data/file_index"]
    parts = ("chunk_index", "file_index", "from_timestamp")
    names += [f"videos/{camera}/{part}" for camera in cameras for part in parts]
    paths = sorted(root.glob("meta/episodes/*/*.parquet"))
    if not paths:
        raise FileNotFoundError(f"dataset {root}: meta/episodes/*/*.parquet is missing")
    rows = [row for path in paths for row in read_table(path, None, names).to_pylist()]
    episodes = []
    for row in sorted(rows, key=lambda row: row["episode_index"]):
        place = {"chunk_index": row["data/chunk_index"], "file_index": row["data/file_index"]}
        videos = {}
        for camera in cameras:
            chunk, file, start_s = (row[f"videos/{camera}/{part}"] for part in parts)
            path = info["video_path"].format(video_key=camera, chunk_index=chunk, file_index=file)
            videos[camera] = VideoSpan(root / path, start_s)
        data_path = root / info["data_path"].format(**place)
        episodes.append(Episode(row["episode_index"], row["length"], tuple(row["tasks"]), data_path, videos))
    return _tasks_v3(root / "meta/tasks.parquet"), tuple(episodes)


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
) -> tuple[tuple[str, ...], tuple[Episode, ...]]:
    episodes = []
    for row in _json_lines(root / "meta/episodes.jsonl"):
        index = row["episode_index"]
        place = {"episode_chunk": index // info["chunks_size"], "episode_index": index}
        videos = {
            camera: VideoSpan(root / info["video_path"].format(video_key=camera, **place), 0.0)
            for camera in cameras
        }
        data_path = root / info["data_path"].format(**place)
        episodes.append(Episode(index, row["length"], tuple(row["tasks"]), data_path, videos))
    path = root / "meta/tasks.jsonl"
    tasks = {row["task_index"]: row["task"] for row in _json_lines(path)}
    return _in_order(tasks, path), tuple(sorted(episodes, key=lambda episode: episode.index))


def _in_order(tasks: Mapping[int, str], path: Path) -> tuple[str, ...]:
    if sorted(tasks) != list(range(len(tasks))):
        raise ValueError(f"{path}: got task indices {sorted(tasks)}, expected 0 to {len(tasks) - 1}")
    return tuple(tasks[k] for k in range(len(tasks)))


def read_table(path: Path, episode: Episode | None, columns: Sequence[str] | None) -> pa.Table:
    """A parquet file's columns; one line that names file, episode and column if they cannot be had."""
    where = f"{path}" if episode is None else f"{path}, episode {episode.index}"
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


def _json_lines(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: not a LeRobot v2 dataset")
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError as error:
            raise ValueError(f"{path}, line {number}: not valid JSON ({error})") from error
    return rows


def _entry(info: Mapping[str, Any], key: str, root: Path) -> Any:
    if key not in info:
        raise ValueError(f"{root}/meta/info.json: got no {key!r}, it has {sorted(info)}")
    return info[key]
