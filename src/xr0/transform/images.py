"""Camera frames as the model sees them, and how many patches they will be. numpy and pillow only.

The rule of the released preprocessor_config.json (Qwen2-VL's, with a smaller budget): sides rounded to
multiples of patch * merge, area kept between 1,024 and 90,000 pixels. `data.pixels` cuts the patches.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from xr0_robot.types import Camera

MIN_PIXELS, MAX_PIXELS = 1_024, 90_000
"""The released preprocessor's budget per view."""

MEAN = STD = 0.5
"""Of pixels in [0, 1], all channels."""


@dataclass(frozen=True)
class ImageSpec:
    """The vision tower's patching, and the budget of pixels per view."""

    patch: int
    merge: int
    temporal: int
    min_pixels: int = MIN_PIXELS
    max_pixels: int = MAX_PIXELS

    @property
    def factor(self) -> int:
        """Sides must be multiples of this [px]."""
        return self.patch * self.merge

    @property
    def patch_values(self) -> int:
        """Numbers of one patch: three channels of its pixels, for each frame that fills it."""
        return 3 * self.temporal * self.patch**2

    def grid(self, image: np.ndarray) -> tuple[int, int]:
        """Patches (down, right) that a picture [h, w, 3] becomes."""
        height, width = target_size(image.shape[0], image.shape[1], self)
        return height // self.patch, width // self.patch

    def tokens(self, grid: tuple[int, int]) -> int:
        """Context tokens of a patch grid (height, width)."""
        return grid[0] * grid[1] // self.merge**2


def target_size(height: int, width: int, spec: ImageSpec) -> tuple[int, int]:
    """Height and width that the official rule resizes to."""
    factor = spec.factor
    h, w = round(height / factor) * factor, round(width / factor) * factor
    h, w = max(h, factor), max(w, factor)
    if h * w > spec.max_pixels:
        shrink = math.sqrt(height * width / spec.max_pixels)
        return (
            max(factor, math.floor(height / shrink / factor) * factor),
            max(factor, math.floor(width / shrink / factor) * factor),
        )
    if h * w < spec.min_pixels:
        grow = math.sqrt(spec.min_pixels / (height * width))
        return math.ceil(height * grow / factor) * factor, math.ceil(width * grow / factor) * factor
    return h, w


def bicubic(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """uint8 [h, w, 3] resized: across first, then down.

    As Pillow did in one call when the released models learnt; Pillow 13 begins with the cheaper pass, which
    is not the same where a pass is clamped.
    """
    across = Image.fromarray(image).resize((width, image.shape[0]), Image.Resampling.BICUBIC)
    return np.asarray(across.resize((width, height), Image.Resampling.BICUBIC))


def arranged(image: np.ndarray, camera: Camera) -> np.ndarray:
    """A camera's own picture, uint8 [h, w, 3], as the model sees it: turned, mirrored, its middle cropped.

    Crop and bilinear stretch are those of the released clients (Xiaomi-Robotics-0 eval_calvin/main.py
    `random_crop`, eval_simplerenv/main.py `client_process`), the half turn that of eval_libero/main.py.
    """
    image = turned(image, camera)
    down, right = room(image, camera.crop)
    return cropped(image, camera.crop, (down // 2, right // 2))


def turned(image: np.ndarray, camera: Camera) -> np.ndarray:
    """Turned counter-clockwise, then mirrored."""
    image = np.rot90(image, camera.rotate // 90)
    if camera.flip != "none":
        image = image[:, ::-1] if camera.flip == "horizontal" else image[::-1]
    return np.ascontiguousarray(image)


def turned_point(point: np.ndarray, camera: Camera) -> np.ndarray:
    """Where `turned` brings a point [..., 2] of a picture: shares of its sides, right and down from the top
    left."""
    right, down = point[..., 0], point[..., 1]
    for _ in range(camera.rotate // 90):
        right, down = down, 1.0 - right
    right = 1.0 - right if camera.flip == "horizontal" else right
    down = 1.0 - down if camera.flip == "vertical" else down
    return np.stack([right, down], axis=-1)


def room(image: np.ndarray, share: float) -> tuple[int, int]:
    """How far down and right [px] a crop to `share` of each side may begin."""
    h, w = image.shape[:2]
    return h - max(1, int(h * share)), w - max(1, int(w * share))


def cropped(image: np.ndarray, share: float, corner: tuple[int, int]) -> np.ndarray:
    """`share` of each side from `corner` (down, right) [px] on, stretched back to the whole size."""
    if share == 1.0:
        return image
    h, w = image.shape[:2]
    down, right = room(image, share)
    top, left = corner
    part = image[top : top + h - down, left : left + w - right]
    stretched = Image.fromarray(np.ascontiguousarray(part)).resize((w, h), Image.Resampling.BILINEAR)
    return np.asarray(stretched)
