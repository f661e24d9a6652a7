"""Random access into videos: single frames by their time, from a few files that stay open."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError
from av.video.frame import VideoFrame

from xr0.data.open_files import OpenFiles

DECODE_ON_S = 0.15
"""A frame that lies this little behind the last one is decoded up to; a seek starts at the keyframe before
it, which in films with few keyframes is further away."""


class OpenVideos:
    """The last used videos of this process."""

    def __init__(self) -> None:
        self._files = OpenFiles(_Video)

    def frame(self, path: Path, time_s: float, tolerance_s: float, where: str) -> np.ndarray:
        """uint8 [h, w, 3], the frame whose presentation time lies within `tolerance_s` of `time_s`.

        FileNotFoundError if there is no file, ValueError if it is broken or has no such frame; `where` is put
        into the messages.
        """
        try:
            with self._files.use(path) as video:
                frame = video.at(time_s, tolerance_s)
        except FileNotFoundError as error:
            raise FileNotFoundError(f"{path}, {where}: the video file is missing") from error
        except (FFmpegError, IndexError) as error:  # IndexError: a file without a video stream
            raise ValueError(f"{path}, {where}: not a readable video ({error})") from error
        if frame is None:
            raise ValueError(
                f"{path}, {where}: got no frame within {tolerance_s:g} s of {time_s:.6f} s, expected one"
            )
        return frame.to_ndarray(format="rgb24")


class _Video:
    """One open file, and the frame that was decoded last."""

    def __init__(self, path: Path) -> None:
        self._container = av.open(str(path))
        self._stream = self._container.streams.video[0]
        self._stream.codec_context.thread_count = 1  # workers are what runs in parallel
        self._tick_s = float(self._stream.time_base or 0)
        self._frames = self._container.decode(self._stream)
        self._last: VideoFrame | None = None

    def at(self, time_s: float, tolerance_s: float) -> VideoFrame | None:
        """The frame within the tolerance, or None."""
        ahead_s = time_s - self._time(self._last)
        if self._last is None or not -tolerance_s <= ahead_s <= DECODE_ON_S:
            self._container.seek(int(max(0.0, time_s - tolerance_s) / self._tick_s), stream=self._stream)
            self._frames = self._container.decode(self._stream)
            self._last = None
        while self._last is None or self._time(self._last) < time_s - tolerance_s:
            self._last = next(self._frames, None)
            if self._last is None:
                return None
        return self._last if self._time(self._last) <= time_s + tolerance_s else None

    def close(self) -> None:
        self._container.close()

    def _time(self, frame: VideoFrame | None) -> float:
        return 0.0 if frame is None or frame.pts is None else frame.pts * self._tick_s
