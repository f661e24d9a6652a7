"""Pictures of a refinement: the hand in MuJoCo, what it feels beside the goal and the prediction, the error
so far."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import av
import numpy as np
from matplotlib import colormaps
from PIL import Image, ImageDraw, ImageFont

from xr0_robot.touch.sensor.pads import COLUMNS, LEVELS, ROWS, TactileReading
from xr0_robot.touch.sims.sprung_hand import SprungHand

WIDTH, HEIGHT, RATE = 1280, 720, 30
"""Of the video [px, frames/s]."""

SCENE = (640, 560)
"""Width and height of the hand's picture [px]."""

CELL = 15
"""Side of a taxel [px]."""

GROUND, INK, FAINT, EDGE = (18, 20, 24), (236, 238, 240), (140, 146, 154), (58, 62, 70)
MILLIMETRES, DEGREES, DONE = (92, 160, 232), (242, 163, 58), (110, 200, 120)

PAUSE, LAST = 20, 45
"""Frames for which a prediction, and the end, can be looked at."""

Colour = tuple[int, int, int]

FULL = 160
"""Level that is drawn brightest: few taxels carry more."""

BARS_MM, BARS_DEG = 5.0, 15.0
"""Full height of the error's bars."""

FAST_START = {"movflags": "+faststart"}
QUALITY = {"crf": "18", "preset": "veryfast"}


@dataclass(frozen=True)
class Moment:
    """What is drawn. errors: [grasps, 2], mm and degrees; time_s: since the start."""

    name: str
    hand: SprungHand
    goal: TactileReading
    errors: np.ndarray
    time_s: float


class Film:
    """Writes an mp4 as it goes; a context."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._container = av.open(str(path), "w", options=FAST_START)
        self._stream = self._container.add_stream("libx264", rate=RATE, options=QUALITY)
        self._stream.width, self._stream.height, self._stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        self._fonts = [ImageFont.load_default(size) for size in (34, 20, 16)]
        self._predicted: TactileReading | None = None

    def __enter__(self) -> Film:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()

    def add(self, moment: Moment) -> None:
        """One frame of now, with what the fingers feel at this instant."""
        self._write(self.page(moment, moment.hand.touch().read(), "", INK))

    def pause(self, moment: Moment, current: TactileReading, predicted: TactileReading) -> None:
        """Stop at a prediction."""
        self._predicted = predicted
        self._write(self.page(moment, current, "what it takes this grasp for", DEGREES), PAUSE)

    def end(self, moment: Moment, ending: str) -> None:
        """The last picture of an object."""
        colour = DONE if ending == "done" else DEGREES
        self._write(self.page(moment, moment.hand.touch().read(), ending, colour), LAST)
        self._predicted = None

    def page(
        self, moment: Moment, current: TactileReading, note: str, colour: tuple[int, int, int]
    ) -> Image.Image:
        """One frame."""
        page = Image.new("RGB", (WIDTH, HEIGHT), GROUND)
        draw = ImageDraw.Draw(page)
        large, middle, small = self._fonts
        scene = moment.hand.render(SCENE[1], SCENE[0])
        page.paste(Image.fromarray(scene), (0, 100))
        draw.text((36, 28), moment.name, INK, large)
        draw.text((36, 72), "refined by touch alone: no camera, no model of the part", FAINT, small)
        draw.text((36, HEIGHT - 44), f"{moment.time_s:4.1f} s", FAINT, middle)
        draw.text((130, HEIGHT - 44), note, colour, middle)
        columns = (("goal", moment.goal), ("current", current), ("predicted", self._predicted))
        for index, (title, reading) in enumerate(columns):
            left = 690 + index * 190
            draw.text((left + CELL * COLUMNS // 2, 48), title, INK, middle, anchor="mm")
            for pad in range(2):
                top = 70 + pad * (CELL * ROWS + 22)
                self._pad(page, draw, (left, top), None if reading is None else reading.images[pad])
        for pad, name in enumerate(moment.goal.fingers):
            draw.text((684, 70 + pad * (CELL * ROWS + 22)), f"{name} pad", FAINT, small, anchor="ra")
        draw.text((690, 428), "predicted: the simulator's picture after the motion", FAINT, small)
        draw.text((690, 462), "error of the grasp, over what can be felt", FAINT, small)
        self._bars(draw, moment.errors)
        return page

    def _pad(
        self, page: Image.Image, draw: ImageDraw.ImageDraw, at: tuple[int, int], image: np.ndarray | None
    ) -> None:
        size = (CELL * COLUMNS, CELL * ROWS)
        draw.rectangle((at[0] - 2, at[1] - 2, at[0] + size[0] + 1, at[1] + size[1] + 1), outline=EDGE)
        if image is None:
            return
        share = np.clip(image[::-1].astype(float) / FULL, 0.0, 1.0)  # z points up
        colours = (colormaps["inferno"](share)[..., :3] * LEVELS).astype(np.uint8)
        page.paste(Image.fromarray(colours).resize(size, Image.Resampling.NEAREST), at)

    def _bars(self, draw: ImageDraw.ImageDraw, errors: np.ndarray) -> None:
        """Two bars for each grasp."""
        small = self._fonts[2]
        floor, height = HEIGHT - 62, 150
        for index, (length_mm, angle_deg) in enumerate(errors):
            left = 700 + index * 92
            for offset, value, full, colour, unit in (
                (0, length_mm, BARS_MM, MILLIMETRES, "mm"),
                (36, angle_deg, BARS_DEG, DEGREES, "°"),
            ):
                top = floor - max(2, round(height * min(1.0, value / full)))
                draw.rectangle((left + offset, top, left + offset + 26, floor), colour)
                text = f"{value:.1f}{unit}" if unit == "°" else f"{value:.2f}"
                draw.text((left + offset + 13, top - 12), text, colour, small, anchor="mm")
            draw.text((left + 31, floor + 16), f"grasp {index + 1}", FAINT, small, anchor="mm")
        draw.text((WIDTH - 108, 462), "mm", MILLIMETRES, small, anchor="ra")
        draw.text((WIDTH - 40, 462), "degrees", DEGREES, small, anchor="ra")

    def _write(self, page: Image.Image, frames: int = 1) -> None:
        for _ in range(frames):
            self._container.mux(self._stream.encode(av.VideoFrame.from_image(page)))
