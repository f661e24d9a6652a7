"""One dataset as one robot's training samples: at any frame, what it saw, sensed, was asked and did."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from xr0.data.kept import KeptPictures
from xr0.data.lerobot import LeRobotDataset
from xr0.data.numbers import TASK_INDEX, Numbers
from xr0.data.pictures import DecodedPictures, Pictures
from xr0.data.split import hold_out
from xr0.transform.images import ImageSpec
from xr0_robot.features import ACTION, IMAGES, INTERVENTION, STATE
from xr0_robot.types import Embodiment

RATE_TOLERANCE_HZ = 0.01
"""Between a dataset's frames and a robot's ticks."""

BLOCK = 1024
"""Windows looked at together: some megabytes."""


@dataclass(frozen=True)
class Windows:
    """n windows of t ticks of one episode, float32, in the robot's own units.

    frame [n], state [n, s], actions [n, t, native]; pad [n, t] marks ticks behind the episode's end, where
    the command is to stay; committed [n]: ticks at the beginning that are not to be learnt, because the robot
    did them of its own accord before a person, or an expert, took over; foreseen [n, t]: ticks that are as
    whoever commands behind those wanted them; tasks: the sentence of each frame.
    """

    frame: np.ndarray
    state: np.ndarray
    actions: np.ndarray
    pad: np.ndarray
    committed: np.ndarray
    foreseen: np.ndarray
    tasks: tuple[str, ...]


Weigh = Callable[[Windows, Embodiment], np.ndarray]
"""How often each of n windows is drawn, float [n], from the numbers of the windows alone."""


@dataclass(frozen=True)
class Source:
    """Episodes of one robot. Nothing of them is held in memory.

    horizon: ticks of a window. training, validation: episode numbers. stride: only frames 0, stride,
    2 stride ... are drawn.
    """

    dataset: LeRobotDataset
    embodiment: Embodiment
    horizon: int
    numbers: Numbers
    pictures: Pictures
    training: np.ndarray
    validation: np.ndarray
    stride: int = 1

    @staticmethod
    def open(
        root: Path,
        horizon: int,
        embodiment: Embodiment | None = None,
        validation: Sequence[int] | None = None,
        extra: Iterable[str] = (),
    ) -> Source:
        """Of a LeRobot dataset; its pictures are decoded as they are needed (`keeping` has them kept).

        embodiment: where meta/embodiment.json is not to be used. validation: the episodes held out, else a
        share of them. extra: further numeric features to have at hand in `numbers`. ValueError or
        FileNotFoundError, one line, where the dataset does not fit the robot.
        """
        dataset = LeRobotDataset.open(root)
        robot = read_embodiment(root) if embodiment is None else embodiment
        check_fit(dataset, robot)
        training, held = hold_out(len(dataset.episodes), validation, f"dataset {root}")
        corrected = (INTERVENTION,) if INTERVENTION in dataset.features else ()
        numbers = Numbers.of(dataset, (*extra, *corrected))
        return Source(dataset, robot, horizon, numbers, DecodedPictures(dataset, numbers), training, held)

    def keeping(self, spec: ImageSpec, stride: int, workers: int) -> Source:
        """The same, with every `stride`-th picture kept at the size at which `spec` has it; only those frames
        are drawn. What is not kept yet is made by `workers` processes."""
        features = [feature_of(self.dataset, camera.key) for camera in self.embodiment.cameras]
        kept = KeptPictures.of(self.dataset, features, spec, stride, workers)
        return replace(self, pictures=kept, stride=stride)

    def window_count(self, episodes: np.ndarray) -> np.ndarray:
        """Frames that may be drawn, of each of `episodes`, int64."""
        return -(-self.dataset.episodes.length[episodes].astype(np.int64) // self.stride)

    def windows(self, episode: int, frames: np.ndarray) -> Windows:
        """The windows of one episode that begin at increasing `frames`; they never cross its end."""
        length = int(self.dataset.episodes.length[episode])
        first, last = int(frames[0]), int(frames[-1])
        if first < 0 or last >= length:
            raise ValueError(
                f"dataset {self.dataset.root}, episode {episode}: got frames {first} to {last}, "
                f"it has {length}"
            )
        ticks = frames[:, None] + np.arange(self.horizon)
        pad = ticks >= length
        told = self.numbers.rows(ACTION, episode, first, last + self.horizon)
        actions = told[np.minimum(ticks, length - 1) - first]
        state = self.numbers.rows(STATE, episode, first, last + 1)[frames - first]
        committed, foreseen = self._authors(episode, ticks, length)
        task = self.numbers.rows(TASK_INDEX, episode, first, last + 1)[frames - first, 0]
        return Windows(
            frames,
            state,
            np.where(pad[..., None], self.embodiment.hold(actions), actions),
            pad,
            committed,
            foreseen,
            tuple(self.dataset.tasks[k] for k in task),
        )

    def blocks(self, episode: int, frames: np.ndarray) -> Iterator[Windows]:
        """The windows at increasing `frames`, some at a time, so that long episodes take no more memory."""
        for first in range(0, len(frames), BLOCK):
            yield self.windows(episode, frames[first : first + BLOCK])

    def drawn_frames(self, episode: int) -> np.ndarray:
        """The frames of an episode that may be drawn."""
        return np.arange(0, int(self.dataset.episodes.length[episode]), self.stride)

    def _authors(self, episode: int, ticks: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
        """`Windows.committed` and `foreseen` of windows at `ticks` [n, t]."""
        if INTERVENTION not in self.numbers.columns:
            return np.zeros(len(ticks), dtype=np.int64), np.ones(ticks.shape, dtype=bool)
        first, last = int(ticks[0, 0]), int(ticks[-1, -1]) + 1
        wanted = self.numbers.rows(INTERVENTION, episode, first, last)[:, 0] > 0
        wanted = wanted[np.minimum(ticks, length - 1) - first]
        begun = np.maximum.accumulate(wanted, axis=1)
        over = np.maximum.accumulate(begun & ~wanted, axis=1)
        return (~begun).sum(axis=1), begun & ~over

    def images(self, episode: int, frame: int) -> dict[str, np.ndarray]:
        """uint8 [h, w, 3] by camera key."""
        return {
            camera.key: self.pictures.picture(feature_of(self.dataset, camera.key), episode, frame)
            for camera in self.embodiment.cameras
        }

    def origin(self, episode: int, frame: int) -> str:
        """A place, for messages."""
        return f"{self.dataset.root.name}, episode {episode}, frame {frame}"


def feature_of(dataset: LeRobotDataset, key: str) -> str:
    """The feature that holds a camera's pictures: observation.images.KEY, or KEY where a dataset names its
    pictures in a way of its own. ValueError if it has neither."""
    for name in (IMAGES + key, key):
        if name in dataset.cameras:
            return name
    raise ValueError(
        f"dataset {dataset.root}: no pictures of camera {key!r}, "
        f"it has {', '.join(dataset.cameras) or 'none'}"
    )


def check_fit(dataset: LeRobotDataset, embodiment: Embodiment) -> None:
    """ValueError where numbers, rate or cameras of a dataset are not those of the robot."""
    for name, expected in ((STATE, embodiment.state_dim), (ACTION, embodiment.native_dim)):
        if name not in dataset.features:
            raise ValueError(f"dataset {dataset.root}: no feature {name}, it has {sorted(dataset.features)}")
        size = int(np.prod(dataset.features[name].shape))
        if size != expected:
            raise ValueError(
                f"dataset {dataset.root}: {name} has {size} numbers, "
                f"embodiment {embodiment.name} has {expected}"
            )
    if abs(dataset.fps - embodiment.rate_hz) > RATE_TOLERANCE_HZ:
        raise ValueError(
            f"dataset {dataset.root}: recorded at {dataset.fps:g} Hz, embodiment {embodiment.name} runs at "
            f"{embodiment.rate_hz:g} Hz"
        )
    for camera in embodiment.cameras:
        height, width = dataset.features[feature_of(dataset, camera.key)].image_size
        if camera.height not in (None, height) or camera.width not in (None, width):
            raise ValueError(
                f"dataset {dataset.root}: pictures of camera {camera.key!r} are {height} x {width}, "
                f"embodiment {embodiment.name} has {camera.height or 'any'} x {camera.width or 'any'}"
            )


def read_embodiment(root: Path) -> Embodiment:
    """The robot that recorded a dataset, from its meta/embodiment.json."""
    path = root / "meta" / "embodiment.json"
    if not path.is_file():
        raise FileNotFoundError(
            f"dataset {root}: no meta/embodiment.json, expected the recording robot as Embodiment.to_dict()"
        )
    try:
        data = json.loads(path.read_text())
    except ValueError as error:
        raise ValueError(f"{path}: no JSON: {error}") from error
    return Embodiment.from_dict(data, str(path))
