"""What a camera's picture goes through in training, as in the released post-training code: another part of
it, other light. numpy and pillow only.

The numbers of one view are drawn in this order, each of them always: where the crop begins, down and right;
whether brightness, contrast and saturation change; by how much. So switching one off changes no other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageEnhance

from xr0.transform.images import cropped, room, turned
from xr0_robot.types import Camera

BRIGHTNESS = 32
"""Levels of 255 that are added at most, or taken away."""

ENHANCEMENT = (0.5, 1.5)
"""Factors of contrast and of saturation."""

PROBABILITY = 0.5
"""Of each change of colour."""


@dataclass(frozen=True)
class Augmentation:
    """A camera that crops shows a random part instead of the middle. colour: brightness, contrast and
    saturation change."""

    colour: bool = True


def augmented(
    image: np.ndarray, camera: Camera, augmentation: Augmentation, rng: np.random.Generator
) -> np.ndarray:
    """A camera's picture, uint8 [h, w, 3] of any size, as the model sees it in training."""
    corner = rng.random(2)
    changed = rng.random(3) < PROBABILITY
    brightness = rng.uniform(-BRIGHTNESS, BRIGHTNESS)
    contrast, saturation = rng.uniform(*ENHANCEMENT, size=2)
    image = turned(image, camera)
    down, right = room(image, camera.crop)
    image = cropped(image, camera.crop, (int(corner[0] * (down + 1)), int(corner[1] * (right + 1))))
    if not augmentation.colour:
        return image
    if changed[0]:
        image = np.clip(image + brightness, 0, 255).round().astype(np.uint8)
    if changed[1]:
        image = np.asarray(ImageEnhance.Contrast(Image.fromarray(image)).enhance(contrast))
    if changed[2]:
        image = np.asarray(ImageEnhance.Color(Image.fromarray(image)).enhance(saturation))
    return image
