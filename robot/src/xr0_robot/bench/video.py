"""One mp4 per episode: the cameras side by side, what was asked, how it goes, and a strip of all ticks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from xr0_robot.bench.rollout import EpisodeResult
from xr0_robot.executor.tick import Freshness, Tick
from xr0_robot.types import Camera, Embodiment, Observation

SHOWN = 384
"""Height [px] that smaller pictures are enlarged towards, by a whole number: 128 px by 3."""
FILM_HZ = 30.0
"""Of a faster robot only every few ticks are filmed, so that there are about so many pictures in a second."""
HEAD, FOOT, MARGIN = 68, 48, 12
"""Heights [px] of the text above the pictures, of strip and legend below them, and the room around text."""
TITLE, SMALL, LEAST = 21, 15, 8
"""Sizes of the text; what is too long for the picture is written smaller, but no smaller than the last."""
ENDING = 70
"""Room [px] for what stands at a line's right end."""
STRIP, SQUARE = 8, 10
"""Height [px] of the strip, and sides of the legend's squares."""
GROUND, INK, FAINT = (18, 20, 24), (236, 238, 240), (140, 146, 154)
COLOURS: dict[Freshness, tuple[int, int, int]] = {
    "fresh": (72, 138, 214),
    "prefix": (242, 163, 58),
    "idle": (214, 84, 84),
    "touch": (168, 120, 222),
    "stopped": (232, 226, 74),
}
MEANINGS: dict[Freshness, str] = {
    "fresh": "fresh chunk",
    "prefix": "promised while thinking",
    "idle": "holding",
    "touch": "fingertips",
    "stopped": "e-stop",
}
"""In the legend."""
DONE, TRACK = (110, 200, 120), (44, 48, 54)
QUALITY = {"crf": "20", "preset": "veryfast"}
"""No visible loss at this size."""
FAST_START = {"movflags": "+faststart"}
"""The index comes first, so that a browser plays before it has the whole file."""


class Recorder:
    """A `Watcher` that keeps every picture of an episode; encoding waits until the robot has finished."""

    def __init__(self, embodiment: Embodiment) -> None:
        self._frames: list[np.ndarray] = []
        self._cameras = {camera.key: camera for camera in embodiment.cameras}
        self._every = max(1, round(embodiment.rate_hz / FILM_HZ))

    def __call__(self, tick: Tick, observe: Callable[[], Observation]) -> None:
        """Keep a picture of now."""
        if tick.tick % self._every == 0:
            images = [_upright(self._cameras[key], image) for key, image in observe().images.items()]
            self._frames.append(np.concatenate(list(_same_height(images)), axis=1))

    def save(self, result: EpisodeResult, path: Path, caption: str) -> None:
        """Write the episode, and forget its pictures. `caption` says how it was run."""
        frames, self._frames = self._frames, []
        if not frames:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        pages = _pages(result, result.ticks[:: self._every], frames, caption)
        rate = Fraction(result.embodiment.rate_hz / self._every).limit_denominator(1000)
        with av.open(str(path), "w", options=FAST_START) as container:
            stream = container.add_stream("libx264", rate=rate, options=QUALITY)
            stream.pix_fmt = "yuv420p"  # 4:4:4 would be sharper, but browsers and phones do not play it
            for index, page in enumerate(pages):
                if index == 0:
                    stream.width, stream.height = page.size
                container.mux(stream.encode(av.VideoFrame.from_image(page)))
            container.mux(stream.encode(None))


def _upright(camera: Camera, image: np.ndarray) -> np.ndarray:
    """Turned and mirrored as a model sees it, so that people see it so too."""
    turned = np.rot90(image, camera.rotate // 90)
    axes = {"none": (), "vertical": (0,), "horizontal": (1,)}[camera.flip]
    return np.flip(turned, axes)


def _same_height(images: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
    """Pictures of lower cameras are padded at the bottom."""
    height = max(image.shape[0] for image in images)
    for image in images:
        yield np.pad(image, ((0, height - image.shape[0]), (0, 0), (0, 0)))


def _pages(
    result: EpisodeResult, ticks: Sequence[Tick], frames: Sequence[np.ndarray], caption: str
) -> Iterator[Image.Image]:
    """A page for each of the filmed ticks."""
    scale = max(1, round(SHOWN / frames[0].shape[0]))
    height, width = frames[0].shape[0] * scale, frames[0].shape[1] * scale
    # H.264 with shared chroma wants even sides.
    blank = Image.new("RGB", (width + width % 2, HEAD + height + FOOT + (HEAD + height + FOOT) % 2), GROUND)
    room = width - 2 * MARGIN - ENDING
    small = ImageFont.load_default(SMALL)
    asked, said = _font(result.spoken, TITLE, room), _font(f"{caption}   00.00 s", SMALL, room)
    strip, top = _strip(result.ticks, width - 2 * MARGIN), HEAD + height + MARGIN - 2
    _legend(blank, result.ticks, top + STRIP + 5)
    # An episode that broke off may have a tick more than pictures.
    for index, (tick, frame) in enumerate(zip(ticks, frames, strict=False)):
        page = blank.copy()
        page.paste(Image.fromarray(frame).resize((width, height), Image.Resampling.LANCZOS), (0, HEAD))
        draw = ImageDraw.Draw(page)
        draw.text((MARGIN, 10), result.spoken, INK, asked)
        draw.text((MARGIN, 42), f"{caption}   {tick.tick * result.embodiment.dt:5.2f} s", FAINT, said)
        draw.text((width - MARGIN, 42), tick.freshness, COLOURS[tick.freshness], small, anchor="ra")
        if result.time_s is not None and tick.tick * result.embodiment.dt >= result.time_s:
            draw.text((width - MARGIN, 10), "done", DONE, ImageFont.load_default(TITLE), anchor="ra")
        past = strip.crop((0, 0, round(strip.width * (index + 1) / len(frames)), strip.height))
        draw.rectangle((MARGIN, top, MARGIN + strip.width - 1, top + strip.height - 1), TRACK)
        page.paste(past, (MARGIN, top))
        yield page


def _font(text: str, size: int, width: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The largest up to `size` in which the text is no wider."""
    fonts = (ImageFont.load_default(number) for number in range(size, LEAST, -1))
    return next((font for font in fonts if font.getlength(text) <= width), ImageFont.load_default(LEAST))


def _strip(ticks: Sequence[Tick], width: int) -> Image.Image:
    """The whole episode as a bar, a colour per tick."""
    colours = np.array([[COLOURS[tick.freshness] for tick in ticks]], dtype=np.uint8)
    return Image.fromarray(colours).resize((width, STRIP), Image.Resampling.NEAREST)


def _legend(page: Image.Image, ticks: Sequence[Tick], top: int) -> None:
    """What the strip's colours mean, those that it has."""
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(13)
    left, seen = float(MARGIN), {tick.freshness for tick in ticks}
    for freshness, meaning in MEANINGS.items():
        if freshness in seen:
            draw.rectangle((left, top + 4, left + SQUARE - 1, top + 3 + SQUARE), COLOURS[freshness])
            draw.text((left + SQUARE + 6, top), meaning, FAINT, font)
            left += SQUARE + 6 + draw.textlength(meaning, font) + 18
