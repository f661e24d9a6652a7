"""How a camera's picture is turned, cropped and sized."""

import numpy as np
import pytest
from PIL import Image

from xr0.transform import images
from xr0_robot.types import Camera

QWEN = images.ImageSpec(patch=16, merge=2, temporal=2)


@pytest.mark.parametrize(
    ("size", "tokens"),
    [
        ((256, 256), 64),
        ((224, 224), 49),
        ((480, 640), 80),
        ((720, 1280), 84),
        ((200, 200), 36),
        ((84, 84), 9),
    ],
)
def test_token_counts_of_the_released_models(size: tuple[int, int], tokens: int) -> None:
    height, width = images.target_size(*size, QWEN)
    assert QWEN.tokens((height // QWEN.patch, width // QWEN.patch)) == tokens


def test_a_view_that_is_too_small_is_enlarged_to_the_least_area() -> None:
    """384 px: both sides times sqrt(1024 / 384), each rounded up to a multiple of 16."""
    spec = images.ImageSpec(patch=8, merge=2, temporal=2)
    assert images.target_size(16, 24, spec) == (32, 48)
    assert spec.grid(np.zeros((16, 24, 3), np.uint8)) == (4, 6)


def arranged(image: np.ndarray, **how: object) -> np.ndarray:
    return images.arranged(image, Camera("base", "Base View", None, None, **how))  # type: ignore[arg-type]


def test_a_camera_that_says_nothing_leaves_its_picture_alone() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (40, 60, 3)).astype(np.uint8)
    assert np.array_equal(arranged(picture), picture)


def test_a_picture_is_turned_counter_clockwise_then_mirrored() -> None:
    picture = np.arange(6, dtype=np.uint8).reshape(2, 3, 1).repeat(3, axis=2)
    seen = {
        name: arranged(picture, rotate=rotate, flip=flip)[..., 0].tolist()
        for name, rotate, flip in [
            ("quarter", 90, "none"),
            ("half", 180, "none"),
            ("mirrored", 0, "horizontal"),
            ("upside down", 0, "vertical"),
            ("both", 90, "vertical"),
        ]
    }
    assert seen == {
        "quarter": [[2, 5], [1, 4], [0, 3]],
        "half": [[5, 4, 3], [2, 1, 0]],
        "mirrored": [[2, 1, 0], [5, 4, 3]],
        "upside down": [[3, 4, 5], [0, 1, 2]],
        "both": [[0, 3], [1, 4], [2, 5]],
    }


@pytest.mark.parametrize("size", [(200, 200), (84, 84), (256, 256), (256, 320)])
def test_the_middle_is_cropped_and_stretched_as_the_released_clients_do(size: tuple[int, int]) -> None:
    """eval_calvin/main.py `random_crop`, eval_simplerenv/main.py `client_process`, torchvision on PIL."""
    picture = np.random.default_rng(0).integers(0, 255, (*size, 3)).astype(np.uint8)
    h, w = size
    height, width = int(h * 0.95), int(w * 0.95)
    top, left = (h - height) // 2, (w - width) // 2
    box = (left, top, left + width, top + height)
    middle = Image.fromarray(picture).crop(box).resize((w, h), Image.Resampling.BILINEAR)
    assert np.array_equal(arranged(picture, crop=0.95), np.asarray(middle))
