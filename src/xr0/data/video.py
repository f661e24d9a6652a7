"""Decodes pictures: video frames found by their time, and encoded images."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError
from PIL import Image, UnidentifiedImageError


def decode_at(path: Path, times_s: np.ndarray, tolerance_s: float, where: str) -> Iterator[np.ndarray]:
    """Frames uint8 [h, w, 3] at increasing `times_s` of a video's own clock.

    Each is the frame whose presentation time lies within `tolerance_s` of the asked one; `where` is put into
    messages. FileNotFoundError if there is no file, ValueError if it is broken or has no such frame.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}, {where}: the video file is missing")
    if len(times_s) == 0:
        return
    if (np.diff(times_s) <= 0).any():
        raise ValueError(f"{path}, {where}: got times that do not increase")
    try:
        yield from _decode(path, times_s, tolerance_s, where)
    except (FFmpegError, IndexError) as error:  # IndexError: a file without a video stream
        raise ValueError(f"{path}, {where}: not a readable video ({error})") from error


def _decode(path: Path, times_s: np.ndarray, tolerance_s: float, where: str) -> Iterator[np.ndarray]:
    found = 0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        tick_s = float(stream.time_base or 0)
        if times_s[0] > tolerance_s:
            container.seek(int(np.floor((times_s[0] - tolerance_s) / tick_s)), stream=stream)
        for frame in container.decode(stream):
            if frame.pts is None:
                raise ValueError(f"{path}, {where}: a frame has no presentation time")
            time_s = frame.pts * tick_s
            if time_s < times_s[found] - tolerance_s:
                continue
            if time_s > times_s[found] + tolerance_s:
                raise ValueError(
                    f"{path}, {where}: got a frame at {time_s:.6f} s, expected one within "
                    f"{tolerance_s:g} s of {times_s[found]:.6f} s"
                )
            yield frame.to_ndarray(format="rgb24")
            found += 1
            if found == len(times_s):
                return
    raise ValueError(
        f"{path}, {where}: the video ends after {found} of {len(times_s)} frames, expected one at "
        f"{times_s[found]:.6f} s"
    )


def decode_image(data: bytes | None, where: str) -> np.ndarray:
    """PNG or JPEG bytes to uint8 [h, w, 3]; ValueError, naming `where`, if they are none."""
    if not data:
        raise ValueError(f"{where}: got no image bytes")
    try:
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, OSError) as error:
        raise ValueError(f"{where}: not a readable image ({error})") from error
