"""One growing mp4: frames are encoded as they come, and kept or dropped episode by episode."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.container
import av.video.stream
import numpy as np
from av.video.frame import PictureType

CODEC = "libx264"
PIX_FMT = "yuv444p"
"""Full chroma: at 128 px a small thing is a few pixels wide, and 4:2:0 would smear its colour."""

CRF = 10
GOP = 10
PRESET = "veryfast"
"""About 48 dB on smooth 128 px images at 1 kB a frame and 2,000 frames/s on one core; any frame is at most 9
others away from a key frame."""

COLORSPACE_BT601 = 6
"""SMPTE 170M: what decoders assume of small untagged video; said in the file so that none has to guess."""


class VideoFile:
    """Writes one mp4. Frames are uint8 [height, width, 3]; an episode's packets are held until `commit`."""

    def __init__(self, path: Path, height: int, width: int, fps: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._fps = fps
        self._container = av.open(str(path), "w")
        self._stream = _add_stream(self._container, height, width, fps)
        self._held: list[av.Packet] = []
        self._encoded = 0
        self.frames = 0

    def add(self, image: np.ndarray) -> None:
        """Encode one frame of the open episode; its first frame is a key frame."""
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        frame.pts = self._encoded
        frame.pict_type = PictureType.I if not self._held else PictureType.NONE
        packets = self._stream.encode(frame)
        if len(packets) != 1:
            raise RuntimeError(
                f"{self._path}: the encoder returned {len(packets)} packets for a frame, expected 1"
            )
        self._encoded += 1
        self._held += packets

    def commit(self) -> tuple[float, float]:
        """Append the open episode; returns where it starts and ends in the file, in seconds."""
        start = self.frames
        for packet in self._held:
            packet.pts = packet.dts = self.frames
            packet.time_base = Fraction(1, self._fps)
            self._container.mux(packet)
            self.frames += 1
        self._held = []
        return start / self._fps, self.frames / self._fps

    def drop(self) -> None:
        """Forget the open episode."""
        self._held = []

    def size_mb(self) -> float:
        """Megabytes on disk."""
        return self._path.stat().st_size / 1024**2

    def close(self) -> None:
        """Finish the file; a file without a frame is removed, for it would not be a valid mp4."""
        self.drop()
        self._container.close()
        if self.frames == 0:
            self._path.unlink()


def _add_stream(
    container: av.container.OutputContainer, height: int, width: int, fps: int
) -> av.video.stream.VideoStream:
    """`zerolatency` gives one packet per frame at once, which is what lets an episode be dropped."""
    options = {"crf": str(CRF), "preset": PRESET, "g": str(GOP), "tune": "zerolatency", "forced-idr": "1"}
    stream = container.add_stream(CODEC, rate=fps, options=options)
    stream.width, stream.height, stream.pix_fmt = width, height, PIX_FMT
    stream.time_base = Fraction(1, fps)
    stream.codec_context.thread_count = 1
    stream.codec_context.colorspace = COLORSPACE_BT601
    return stream


def video_feature(height: int, width: int, fps: int) -> dict[str, Any]:
    """The entry of such a video in info.json, with LeRobot's names."""
    info = {
        "video.height": height,
        "video.width": width,
        "video.codec": "h264",
        "video.pix_fmt": PIX_FMT,
        "video.fps": fps,
        "video.channels": 3,
        "has_audio": False,
        "video.g": GOP,
        "video.crf": CRF,
        "video.preset": PRESET,
        "video.fast_decode": 0,
        "video.video_backend": "pyav",
        "video.extra_options": {"tune": "zerolatency"},
        "is_depth_map": False,
    }
    names = ["height", "width", "channels"]
    return {"dtype": "video", "shape": [height, width, 3], "names": names, "info": info}
