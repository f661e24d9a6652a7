"""Records episodes of any embodiment as a LeRobotDataset v3.0, with pyarrow and av alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from xr0_robot.features import ACTION, IMAGES, INTERVENTION, STATE
from xr0_robot.record.dataset_stats import episode_columns, histogram, image_stats, vector_stats
from xr0_robot.record.lerobot_files import DataFiles, VideoFiles
from xr0_robot.record.lerobot_format import (
    EMBODIMENT_PATH,
    INDEX_FEATURES,
    INTERVENTION_FEATURE,
    Dataset,
    data_schema,
    file_place,
    vector_feature,
    write_json,
    write_meta,
)
from xr0_robot.record.video import video_feature
from xr0_robot.types import Embodiment, Segment, finite_vector

IMAGE_STATS_STRIDE = 4
"""Every 4th frame counts in the image statistics: histograms of all would cost as much as encoding."""


class LeRobotWriter:
    """Writes one dataset into `root`, a folder that must not exist yet.

    Frames go to the open episode until `save_episode` or `discard_episode`; `finalize` (or leaving the `with`
    block, also by an exception) writes meta/ for the saved ones. Without it the folder is not readable.
    """

    def __init__(
        self,
        root: Path,
        embodiment: Embodiment,
        fps: int,
        robot_type: str,
        extra_features: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        if root.exists():
            raise FileExistsError(f"dataset {root}: it exists already, expected a new folder")
        self.root = root
        self._embodiment = embodiment
        self._fps = fps
        self._robot_type = robot_type
        self._extra = {name: len(names) for name, names in (extra_features or {}).items()}
        self._features = _features(embodiment, fps, extra_features or {})
        self._rows: list[dict[str, Any]] = []
        self._tasks: dict[str, int] = {}
        self._frames_written = 0
        self._data = DataFiles(root, data_schema(self._features))
        self._videos = {camera.key: VideoFiles(root, camera, fps) for camera in embodiment.cameras}
        self._open = _Episode()
        root.mkdir(parents=True)
        write_json(root / EMBODIMENT_PATH, embodiment.to_dict())

    @property
    def episodes(self) -> int:
        """Episodes saved so far."""
        return len(self._rows)

    def add_frame(
        self,
        images: Mapping[str, np.ndarray],
        state: np.ndarray,
        action: np.ndarray,
        task: str,
        extra: Mapping[str, np.ndarray] | None = None,
        intervention: bool = True,
    ) -> None:
        """Append one tick: images uint8 [h, w, 3] by camera key, state [state_dim], action [native_dim].

        intervention: whether a person, or an expert, commands it; False where a policy does, whose actions
        are not to be learnt.
        """
        extra = extra or {}
        self._check_images(images)
        if set(extra) != set(self._extra):
            raise ValueError(f"extra features: got {sorted(extra)}, expected {sorted(self._extra)}")
        if not task.strip():
            raise ValueError("task: got an empty sentence")
        robot = self._embodiment
        vectors = {
            STATE: finite_vector(STATE, state, robot.state_dim),
            ACTION: finite_vector(ACTION, action, robot.native_dim),
        }
        vectors |= {name: finite_vector(name, extra[name], count) for name, count in self._extra.items()}
        for key, image in images.items():
            self._videos[key].add(image)
        self._open.append(vectors, images, task, intervention)

    def save_episode(self) -> None:
        """Close the open episode and keep it; ValueError if it has no frame."""
        episode, length = self._open, len(self._open.tasks)
        if length == 0:
            raise ValueError("save_episode: the episode has no frame")
        columns = self._columns(episode)
        place = self._data.write(columns)
        row: dict[str, Any] = {
            "episode_index": len(self._rows),
            "tasks": list(dict.fromkeys(episode.tasks)),
            "length": length,
            **{f"data/{name}": value for name, value in place.items()},
            "dataset_from_index": self._frames_written,
            "dataset_to_index": self._frames_written + length,
        }
        stats = {name: vector_stats(values) for name, values in columns.items()}
        for key, video in self._videos.items():
            row |= {f"videos/{IMAGES}{key}/{name}": value for name, value in video.commit().items()}
            stats[IMAGES + key] = image_stats(episode.histograms[key], episode.histogram_frames)
        row |= episode_columns(stats)
        row |= {f"meta/episodes/{name}": value for name, value in file_place(0).items()}
        self._rows.append(row)
        self._frames_written += length
        self._open = _Episode()

    def discard_episode(self) -> None:
        """Forget the open episode."""
        for video in self._videos.values():
            video.drop()
        self._open = _Episode()

    def finalize(self) -> None:
        """Close all files and write meta/; ValueError if no episode was saved."""
        self._close()
        if not self._rows:
            raise ValueError(f"dataset {self.root}: no episode was saved")
        write_meta(
            self.root, Dataset(self._fps, self._robot_type, self._features, self._rows, list(self._tasks))
        )

    def __enter__(self) -> LeRobotWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Whatever happened, the saved episodes stay readable."""
        if self._rows:
            self.finalize()
        else:
            self._close()

    def _close(self) -> None:
        self.discard_episode()
        self._data.close()
        for video in self._videos.values():
            video.close()

    def _check_images(self, images: Mapping[str, np.ndarray]) -> None:
        cameras = {camera.key: camera for camera in self._embodiment.cameras}
        if set(images) != set(cameras):
            raise ValueError(f"images: got cameras {sorted(images)}, expected {sorted(cameras)}")
        for key, image in images.items():
            expected = (cameras[key].height, cameras[key].width, 3)
            if image.dtype != np.uint8 or image.shape != expected:
                raise ValueError(
                    f"image {key!r}: got {image.dtype} of shape {image.shape}, expected uint8 {expected}"
                )

    def _columns(self, episode: _Episode) -> dict[str, np.ndarray]:
        """All numeric columns of the episode as [length, size]."""
        count = np.arange(len(episode.tasks))
        columns = {name: np.stack(rows).astype(np.float32) for name, rows in episode.vectors.items()}
        tasks = [self._tasks.setdefault(task, len(self._tasks)) for task in episode.tasks]
        index: dict[str, np.ndarray] = {
            INTERVENTION: np.array(episode.interventions, dtype=bool),
            "timestamp": (count / self._fps).astype(np.float32),
            "frame_index": count,
            "episode_index": np.full_like(count, len(self._rows)),
            "index": count + self._frames_written,
            "task_index": np.array(tasks, dtype=np.int64),
        }
        return columns | {name: values[:, None] for name, values in index.items()}


class _Episode:
    """The open episode's numbers."""

    def __init__(self) -> None:
        self.vectors: dict[str, list[np.ndarray]] = {}
        self.tasks: list[str] = []
        self.interventions: list[bool] = []
        self.histograms: dict[str, np.ndarray] = {}
        self.histogram_frames = 0

    def append(
        self,
        vectors: Mapping[str, np.ndarray],
        images: Mapping[str, np.ndarray],
        task: str,
        intervention: bool,
    ) -> None:
        for name, vector in vectors.items():
            self.vectors.setdefault(name, []).append(vector)
        if len(self.tasks) % IMAGE_STATS_STRIDE == 0:
            self.histogram_frames += 1
            for key, image in images.items():
                self.histograms[key] = self.histograms.get(key, 0) + histogram(image)
        self.tasks.append(task)
        self.interventions.append(intervention)


def _features(
    embodiment: Embodiment, fps: int, extra: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, Any]]:
    """info.json's features, in the order of the columns."""
    features = {
        STATE: vector_feature(_names(embodiment.state_segments)),
        ACTION: vector_feature(_names(embodiment.segments)),
    }
    features |= {name: vector_feature(numbers) for name, numbers in extra.items()}
    for camera in embodiment.cameras:
        features[IMAGES + camera.key] = video_feature(*camera.size, fps)
    return features | {INTERVENTION: INTERVENTION_FEATURE} | INDEX_FEATURES


def _names(segments: Sequence[Segment]) -> list[str]:
    ordered = sorted(segments, key=lambda segment: segment.native)
    return [name for segment in ordered for name in segment.number_names]
