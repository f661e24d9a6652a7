"""Reads LeRobot datasets, v3.0 and v2.x, with pyarrow and av: meta, numbers, frames by timestamp."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from xr0.data.video import decode_at, decode_image

TOLERANCE_S = 1e-4
"""A decoded frame may lie this far from its timestamp [s]: LeRobot's own default."""

FINGERPRINT_FORMAT = b"xr0-dataset-1"


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
class LeRobotDataset:
    """A dataset on disk. `open` reads meta/ only; everything else is read when asked for."""

    root: Path
    version: str
    fps: float
    robot_type: str | None
    features: Mapping[str, Feature]
    tasks: tuple[str, ...]
    episodes: tuple[Episode, ...]

    @staticmethod
    def open(root: Path | str) -> LeRobotDataset:
        """Read meta/; FileNotFoundError or ValueError, naming the file, if it is not a known dataset."""
        root = Path(root)
        info = _json(root / "meta/info.json")
        version = str(_entry(info, "codebase_version", root))
        if not version.startswith(("v2.", "v3.")):
            raise ValueError(f"dataset {root}: got version {version!r}, expected v2.0, v2.1 or v3.0")
        features = {
            name: Feature(feature["dtype"], tuple(feature["shape"]), feature.get("names"))
            for name, feature in _entry(info, "features", root).items()
        }
        read = _episodes_v3 if version.startswith("v3.") else _episodes_v2
        tasks, episodes = read(root, info, [name for name, f in features.items() if f.dtype == "video"])
        if [e.index for e in episodes] != list(range(len(episodes))) or not episodes:
            raise ValueError(f"dataset {root}: meta/ does not list the episodes 0, 1, 2 ... once each")
        if len(episodes) != info["total_episodes"]:
            raise ValueError(
                f"dataset {root}: meta/ lists {len(episodes)} episodes, "
                f"info.json says {info['total_episodes']}"
            )
        fps, robot_type = float(info["fps"]), info.get("robot_type")
        return LeRobotDataset(root, version, fps, robot_type, features, tasks, episodes)

    @property
    def cameras(self) -> tuple[str, ...]:
        """Features that are pictures, as video or as images."""
        return tuple(name for name, feature in self.features.items() if feature.dtype in ("video", "image"))

    @property
    def frame_count(self) -> int:
        """Frames of all episodes."""
        return sum(episode.length for episode in self.episodes)

    def columns(
        self, names: Sequence[str], episodes: Sequence[Episode] | None = None
    ) -> list[dict[str, np.ndarray]]:
        """Numeric columns per episode, [length, size], float32 or int64; each file is read once."""
        wanted = self.episodes if episodes is None else episodes
        by_file: dict[Path, list[Episode]] = {}
        for episode in wanted:
            by_file.setdefault(episode.data_path, []).append(episode)
        found: dict[int, dict[str, np.ndarray]] = {}
        for path, members in by_file.items():
            table = _read_table(path, members[0], [*names, "episode_index"])
            place = table.column("episode_index").to_numpy()
            arrays = {name: self._array(table, name, path) for name in names}
            for episode in members:
                rows = np.flatnonzero(place == episode.index)
                if len(rows) != episode.length:
                    raise ValueError(
                        f"{path}, episode {episode.index}: got {len(rows)} rows, expected {episode.length}"
                    )
                found[episode.index] = {name: array[rows] for name, array in arrays.items()}
        return [found[episode.index] for episode in wanted]

    def frames(
        self, episode: Episode, camera: str, indices: Sequence[int] | np.ndarray | None = None
    ) -> Iterator[np.ndarray]:
        """The episode's pictures, uint8 [h, w, 3], in order: all, or those of the increasing `indices`.

        A video frame is found by its timestamp; ValueError if none lies within TOLERANCE_S of it.
        """
        feature = self.features.get(camera)
        if feature is None or feature.dtype not in ("video", "image"):
            raise ValueError(f"dataset {self.root}: got camera {camera!r}, expected one of {self.cameras}")
        chosen = np.arange(episode.length) if indices is None else np.asarray(indices)
        if feature.dtype == "image":
            pictures = self._stored_images(episode, camera, chosen)
        else:
            span = episode.videos[camera]
            times = span.start_s + self._timestamps[episode.index][chosen].astype(np.float64)
            pictures = decode_at(span.path, times, TOLERANCE_S, f"episode {episode.index}")
        for picture in pictures:
            if picture.shape != (*feature.image_size, 3):
                raise ValueError(
                    f"dataset {self.root}, episode {episode.index}, {camera}: got a picture of shape "
                    f"{picture.shape}, expected {(*feature.image_size, 3)}"
                )
            yield picture

    def check_files(self) -> None:
        """FileNotFoundError for the first data or video file that is missing, naming it and its episode."""
        for episode in self.episodes:
            for path in (episode.data_path, *(span.path for span in episode.videos.values())):
                if not path.is_file():
                    raise FileNotFoundError(f"episode {episode.index}: {path} is missing")

    def fingerprint(self) -> str:
        """sha256 of the contents of meta/ and data/ and of the names and sizes of videos/."""
        digest = hashlib.sha256(FINGERPRINT_FORMAT)
        for path in sorted(path for path in self.root.rglob("*") if path.is_file()):
            name = path.relative_to(self.root).as_posix()
            folder = name.split("/")[0]
            if folder in ("meta", "data"):
                digest.update(name.encode() + hashlib.sha256(path.read_bytes()).digest())
            elif folder == "videos":
                digest.update(f"{name} {path.stat().st_size}\n".encode())
        return digest.hexdigest()

    @cached_property
    def _timestamps(self) -> dict[int, np.ndarray]:
        """Seconds [length] of each episode's frames; all are read at once, for files hold many episodes."""
        columns = self.columns(["timestamp"])
        return {e.index: c["timestamp"][:, 0] for e, c in zip(self.episodes, columns, strict=True)}

    def _array(self, table: pa.Table, name: str, path: Path) -> np.ndarray:
        feature = self.features.get(name)
        if feature is None or feature.dtype in ("video", "image", "string"):
            raise ValueError(f"dataset {self.root}: {name!r} is not a numeric feature")
        size = int(np.prod(feature.shape))
        column = table.column(name).combine_chunks()
        while pa.types.is_nested(column.type):
            column = column.flatten()
        if len(column) != len(table) * size or column.null_count:
            raise ValueError(
                f"{path}: column {name!r} holds {len(column) - column.null_count} numbers "
                f"in {len(table)} rows, expected {size} per row"
            )
        array = column.to_numpy(zero_copy_only=False).reshape(len(table), size)
        return array.astype(np.float32 if array.dtype.kind == "f" else np.int64)

    def _stored_images(self, episode: Episode, camera: str, indices: np.ndarray) -> Iterator[np.ndarray]:
        table = _read_table(episode.data_path, episode, [camera, "episode_index"])
        rows = np.flatnonzero(table.column("episode_index").to_numpy() == episode.index)
        images = table.column(camera).take(rows[indices])
        for index, image in zip(indices, images, strict=True):
            where = f"{episode.data_path}, episode {episode.index}, frame {index}, {camera}"
            yield decode_image(image.as_py()["bytes"], where)


def _episodes_v3(
    root: Path, info: Mapping[str, Any], cameras: Sequence[str]
) -> tuple[tuple[str, ...], tuple[Episode, ...]]:
    names = ["episode_index", "tasks", "length", "data/chunk_index", "data/file_index"]
    parts = ("chunk_index", "file_index", "from_timestamp")
    names += [f"videos/{camera}/{part}" for camera in cameras for part in parts]
    paths = sorted(root.glob("meta/episodes/*/*.parquet"))
    if not paths:
        raise FileNotFoundError(f"dataset {root}: meta/episodes/*/*.parquet is missing")
    rows = [row for path in paths for row in _read_table(path, None, names).to_pylist()]
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
    table = _read_table(path, None, None)
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


def _read_table(path: Path, episode: Episode | None, columns: Sequence[str] | None) -> pa.Table:
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
