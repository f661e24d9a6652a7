"""Pictures of a dataset, decoded when they are asked for by the process that asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np

from xr0.data.lerobot import TOLERANCE_S, LeRobotDataset
from xr0.data.numbers import TIMESTAMP, Numbers
from xr0.data.open_videos import OpenVideos
from xr0.data.stored_images import StoredImages


@runtime_checkable
class Pictures(Protocol):
    """Frames by place."""

    def picture(self, camera: str, episode: int, frame: int) -> np.ndarray:
        """uint8 [h, w, 3] by the camera's feature name, e.g. "observation.images.base"."""
        ...


@dataclass(frozen=True)
class DecodedPictures:
    """Straight from the dataset's videos and images, at their own size."""

    dataset: LeRobotDataset
    numbers: Numbers
    _videos: OpenVideos = field(default_factory=OpenVideos, repr=False)
    _images: StoredImages = field(default_factory=StoredImages, repr=False)

    def picture(self, camera: str, episode: int, frame: int) -> np.ndarray:
        """uint8 [h, w, 3]; ValueError or FileNotFoundError names file, episode and frame."""
        place = self.dataset.episodes[episode]
        where = f"episode {episode}, frame {frame}"
        if camera in place.videos:
            span = place.videos[camera]
            time_s = span.start_s + float(self.numbers.rows(TIMESTAMP, episode, frame, frame + 1)[0, 0])
            picture = self._videos.frame(span.path, time_s, TOLERANCE_S, where)
        else:
            picture = self._images.image(place, camera, frame)
        expected = (*self.dataset.features[camera].image_size, 3)
        if picture.shape != expected:
            raise ValueError(
                f"dataset {self.dataset.root}, {where}, {camera}: got a picture of shape {picture.shape}, "
                f"expected {expected}"
            )
        return picture
