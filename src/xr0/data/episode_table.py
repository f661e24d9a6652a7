"""Where the episodes of a LeRobot dataset lie, as arrays: 100,000 of them take megabytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import overload

import numpy as np


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
class FilePlaces:
    """The file of each of n episodes: `template` filled with its chunk and file number, both int [n].

    v2.x counts files by episode; its templates call the two numbers episode_chunk and episode_index.
    """

    root: Path
    template: str
    chunk: np.ndarray
    file: np.ndarray

    def path(self, episode: int, camera: str = "") -> Path:
        """The file of an episode; `camera` is the feature of a video."""
        chunk, file = int(self.chunk[episode]), int(self.file[episode])
        name = self.template.format(
            video_key=camera, chunk_index=chunk, file_index=file, episode_chunk=chunk, episode_index=file
        )
        return self.root / name


@dataclass(frozen=True)
class VideoPlaces:
    """The video of each of n episodes, and the second at which the episode starts there, float64 [n]."""

    files: FilePlaces
    start_s: np.ndarray


@dataclass(frozen=True)
class EpisodeTable(Sequence[Episode]):
    """Episodes 0, 1, 2 ... An `Episode` is made when one is asked for.

    length [n]; sentences: the different ones; sentence: indices into them, those of episode e from
    first_sentence[e] to first_sentence[e + 1]; videos: by feature name.
    """

    length: np.ndarray
    sentences: tuple[str, ...]
    sentence: np.ndarray
    first_sentence: np.ndarray
    data: FilePlaces
    videos: Mapping[str, VideoPlaces]

    def __len__(self) -> int:
        return len(self.length)

    @overload
    def __getitem__(self, index: int) -> Episode: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Episode, ...]: ...

    def __getitem__(self, index: int | slice) -> Episode | tuple[Episode, ...]:
        if isinstance(index, slice):
            return tuple(self[k] for k in range(*index.indices(len(self))))
        if not -len(self) <= index < len(self):
            raise IndexError(f"episode {index}: there are {len(self)}")
        episode = index % len(self)
        return Episode(
            episode,
            int(self.length[episode]),
            self._tasks(episode),
            self.data.path(episode),
            {
                camera: VideoSpan(video.files.path(episode, camera), float(video.start_s[episode]))
                for camera, video in self.videos.items()
            },
        )

    @property
    def start(self) -> np.ndarray:
        """int64 [n + 1]: the rows of episode e are start[e] to start[e + 1] where all follow one another."""
        return np.concatenate([[0], np.cumsum(self.length, dtype=np.int64)])

    def by_file(self) -> Iterator[tuple[Path, np.ndarray]]:
        """Every data file once, in the order of its first episode, and the episodes in it, increasing."""
        places = np.stack([self.data.chunk, self.data.file], axis=1)
        _, first, which = np.unique(places, axis=0, return_index=True, return_inverse=True)
        order = np.argsort(which, kind="stable")
        ends = np.cumsum(np.bincount(which.reshape(-1)))
        for k in np.argsort(first):
            members = order[ends[k - 1] if k else 0 : ends[k]]
            yield self.data.path(int(members[0])), members

    def _tasks(self, episode: int) -> tuple[str, ...]:
        first, last = self.first_sentence[episode : episode + 2]
        return tuple(self.sentences[k] for k in self.sentence[first:last])


@dataclass
class Sentences:
    """Collects the sentences of episodes in order, each different one kept once."""

    known: dict[str, int] = field(default_factory=dict)
    sentence: list[int] = field(default_factory=list)
    first: list[int] = field(default_factory=lambda: [0])

    def add(self, tasks: Sequence[str]) -> None:
        """Those of the next episode."""
        self.sentence.extend(self.known.setdefault(task, len(self.known)) for task in tasks)
        self.first.append(len(self.sentence))

    def arrays(self) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
        """sentences, sentence and first_sentence of an `EpisodeTable`."""
        return tuple(self.known), np.array(self.sentence, np.int32), np.array(self.first, np.int64)
