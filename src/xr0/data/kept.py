"""Pictures of a dataset kept as JPEG at the model's own size, so that training decodes no video.

CACHE/pictures/<fingerprint>-<rule>/<camera>/<group>.pack    pictures of some episodes, one behind the other
CACHE/pictures/<fingerprint>-<rule>/<camera>/<group>.npy     int64 [pictures + 1, 1]: where each begins

Only every `stride`-th frame is kept. A pack appears whole or not at all, its index after it: an interrupted
build goes on where it was, and several processes may build at once.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.progress import track

from xr0.data.cache import FINGERPRINT_DIGITS, cache_dir, fingerprint, published
from xr0.data.lerobot import LeRobotDataset
from xr0.data.numbers import Column
from xr0.data.video import decode_image
from xr0.transform.images import ImageSpec, bicubic, target_size
from xr0_robot.leash import follow_parent

QUALITY = 95
"""Of the JPEG, with colour at full resolution: what it loses is below what video has lost before."""

GROUP = 32
"""Episodes in one pack."""


@dataclass(frozen=True)
class KeptPictures:
    """Packs below `folder`. first [n + 1]: the first kept picture of each episode, counted over all."""

    folder: Path
    first: np.ndarray
    stride: int

    @staticmethod
    def of(
        dataset: LeRobotDataset, cameras: Sequence[str], spec: ImageSpec, stride: int, workers: int
    ) -> KeptPictures:
        """Of the camera features `cameras`, at the size that `spec` has them. What the cache lacks is made by
        `workers` processes, with a progress bar on stderr."""
        if stride < 1 or workers < 1:
            raise ValueError(f"pictures: got stride {stride} and {workers} workers, expected at least 1")
        rule = f"{spec.factor} {spec.min_pixels} {spec.max_pixels} {stride} {QUALITY} {GROUP}"
        named = hashlib.sha256(rule.encode()).hexdigest()[:FINGERPRINT_DIGITS]
        folder = cache_dir("pictures", f"{fingerprint(dataset)[:FINGERPRINT_DIGITS]}-{named}")
        first = np.concatenate([[0], np.cumsum(-(-dataset.episodes.length.astype(np.int64) // stride))])
        kept = KeptPictures(folder, first, stride)
        groups = range(-(-len(dataset.episodes) // GROUP))
        missing = [(c, g) for c in cameras for g in groups if not kept._index(c, g).exists()]
        if missing:
            _make_all(dataset, kept, spec, missing, workers)
        return kept

    def picture(self, camera: str, episode: int, frame: int) -> np.ndarray:
        """uint8 [h, w, 3]; ValueError for a frame that was not kept."""
        place, between = divmod(frame, self.stride)
        row = int(self.first[episode]) + place
        if between or not place >= 0 or row >= self.first[episode + 1]:
            raise ValueError(
                f"{self.folder}, episode {episode}: got frame {frame}, kept is every {self.stride}-th one, "
                f"{self.first[episode + 1] - self.first[episode]} in all"
            )
        group = episode // GROUP
        row -= int(self.first[group * GROUP])
        begin, end = Column.open(self._index(camera, group)).rows(row, 2)[:, 0]
        data = np.fromfile(self._pack(camera, group), np.uint8, int(end - begin), offset=int(begin))
        return decode_image(data.tobytes(), f"{self._pack(camera, group)}, episode {episode}, frame {frame}")

    def make(self, dataset: LeRobotDataset, camera: str, group: int, spec: ImageSpec) -> None:
        """Write one pack and its index."""
        self._pack(camera, group).parent.mkdir(exist_ok=True)
        ends = [0]
        with published(self._pack(camera, group)) as temporary, temporary.open("wb") as pack:
            for episode in dataset.episodes[group * GROUP : (group + 1) * GROUP]:
                frames = np.arange(0, episode.length, self.stride)
                for picture in dataset.frames(episode, camera, frames):
                    ends.append(ends[-1] + pack.write(_encoded(picture, spec)))
        with published(self._index(camera, group)) as temporary, temporary.open("wb") as index:
            np.save(index, np.array(ends, np.int64)[:, None])

    def _pack(self, camera: str, group: int) -> Path:
        return self.folder / camera / f"{group:05d}.pack"

    def _index(self, camera: str, group: int) -> Path:
        return self._pack(camera, group).with_suffix(".npy")


def _make_all(
    dataset: LeRobotDataset,
    kept: KeptPictures,
    spec: ImageSpec,
    missing: Sequence[tuple[str, int]],
    workers: int,
) -> None:
    """One worker is this process; more are spawned, for a fork would share this one's decoders."""
    title, console = f"Keeping pictures of {dataset.root.name}", Console(stderr=True)
    bar = partial(track, description=title, total=len(missing), console=console)
    if workers == 1:
        for camera, group in bar(missing):
            kept.make(dataset, camera, group, spec)
        return
    with ProcessPoolExecutor(min(workers, len(missing)), get_context("spawn"), follow_parent) as pool:
        jobs = [pool.submit(kept.make, dataset, camera, group, spec) for camera, group in missing]
        try:
            for job in bar(as_completed(jobs)):
                job.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _encoded(picture: np.ndarray, spec: ImageSpec) -> bytes:
    """JPEG of the size at which the model will see it."""
    image = Image.fromarray(bicubic(picture, *target_size(picture.shape[0], picture.shape[1], spec)))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY, subsampling=0)
    return buffer.getvalue()
