"""Reads LeRobot datasets, v3.0 and v2.x, with pyarrow and av: meta, numbers, frames by timestamp."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from xr0.data.episode_table import Episode, EpisodeTable
from xr0.data.lerobot_meta import Feature, read_meta, read_table
from xr0.data.video import decode_at, decode_image

TOLERANCE_S = 1e-4
"""A decoded frame may lie this far from its timestamp [s]: LeRobot's own default."""

FINGERPRINT_FORMAT = b"xr0-dataset-1"


@dataclass(frozen=True)
class LeRobotDataset:
    """A dataset on disk. `open` reads meta/ only; everything else is read when asked for."""

    root: Path
    version: str
    fps: float
    robot_type: str | None
    features: Mapping[str, Feature]
    tasks: tuple[str, ...]
    episodes: EpisodeTable

    @staticmethod
    def open(root: Path | str) -> LeRobotDataset:
        """Read meta/; FileNotFoundError or ValueError, naming the file, if it is not a known dataset."""
        meta = read_meta(Path(root))
        return LeRobotDataset(Path(root), **vars(meta))

    @property
    def cameras(self) -> tuple[str, ...]:
        """Features that are pictures, as video or as images."""
        return tuple(name for name, feature in self.features.items() if feature.dtype in ("video", "image"))

    @property
    def frame_count(self) -> int:
        """Frames of all episodes."""
        return int(self.episodes.length.sum())

    def columns(
        self, names: Sequence[str], episodes: Sequence[Episode] | None = None
    ) -> list[dict[str, np.ndarray]]:
        """Numeric columns per episode, [length, size], float32 or int64; each file is read once."""
        wanted = self.episodes if episodes is None else episodes
        by_file: dict[Path, list[int]] = {}
        for episode in wanted:
            by_file.setdefault(episode.data_path, []).append(episode.index)
        found: dict[int, dict[str, np.ndarray]] = {index: {} for part in by_file.values() for index in part}
        for path, members in by_file.items():
            cuts = np.cumsum(self.episodes.length[members])[:-1]
            for name, array in self.file_columns(path, names, np.array(members)).items():
                plain = array.astype(np.float32 if array.dtype.kind == "f" else np.int64)
                for index, part in zip(members, np.split(plain, cuts), strict=True):
                    found[index][name] = part
        return [found[episode.index] for episode in wanted]

    def file_columns(self, path: Path, names: Sequence[str], episodes: np.ndarray) -> dict[str, np.ndarray]:
        """Numeric columns of `episodes` in one data file, one behind the other: [rows, size], as stored."""
        table = read_table(path, int(episodes[0]), [*names, "episode_index"])
        place = table.column("episode_index").to_numpy()
        order = np.argsort(place, kind="stable")
        first, end = (np.searchsorted(place[order], episodes, side) for side in ("left", "right"))
        wrong = np.flatnonzero(end - first != self.episodes.length[episodes])
        if len(wrong):
            k = int(wrong[0])
            raise ValueError(
                f"{path}, episode {episodes[k]}: got {end[k] - first[k]} rows, "
                f"expected {self.episodes.length[episodes[k]]}"
            )
        rows = np.concatenate([order[a:b] for a, b in zip(first, end, strict=True)])
        return {name: self._array(table, name, path)[rows] for name in names}

    def frames(
        self, episode: Episode, camera: str, indices: Sequence[int] | np.ndarray | None = None
    ) -> Iterator[np.ndarray]:
        """The episode's pictures, uint8 [h, w, 3], in order: all, or those of the increasing `indices`.

        A video frame is found by its timestamp; ValueError if none lies within TOLERANCE_S of it.
        """
        feature = self.features.get(camera)
        if feature is None or feature.dtype not in ("video", "image"):
            raise ValueError(f"dataset {self.root}: got camera {camera!r}, expected one of {self.cameras}")
        chosen = np.arange(episode.length) if indices is None else np.asarray(indices, dtype=np.int64)
        if ((chosen < 0) | (chosen >= episode.length)).any():
            raise ValueError(
                f"dataset {self.root}, episode {episode.index}: got frames {chosen.min()} to {chosen.max()}, "
                f"it has {episode.length}"
            )
        if feature.dtype == "image":
            pictures = self._stored_images(episode, camera, chosen)
        else:
            span = episode.videos[camera]
            times = span.start_s + self.timestamps(episode)[chosen]
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
                with path.open("rb") as content:
                    digest.update(name.encode() + hashlib.file_digest(content, "sha256").digest())
            elif folder == "videos":
                digest.update(f"{name} {path.stat().st_size}\n".encode())
        return digest.hexdigest()

    def timestamps(self, episode: Episode) -> np.ndarray:
        """float64 [length], seconds from the episode's start."""
        column = self.file_columns(episode.data_path, ["timestamp"], np.array([episode.index]))["timestamp"]
        return column[:, 0].astype(np.float64)

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
        return column.to_numpy(zero_copy_only=False).reshape(len(table), size)

    def _stored_images(self, episode: Episode, camera: str, indices: np.ndarray) -> Iterator[np.ndarray]:
        table = read_table(episode.data_path, episode.index, [camera, "episode_index"])
        rows = np.flatnonzero(table.column("episode_index").to_numpy() == episode.index)
        images = table.column(camera).take(rows[indices])
        for index, image in zip(indices, images, strict=True):
            where = f"{episode.data_path}, episode {episode.index}, frame {index}, {camera}"
            yield decode_image(image.as_py()["bytes"], where)
