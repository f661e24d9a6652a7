"""Pictures to patches: the official pipeline's output, and the same bits on every device."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors.numpy import load_file

from xr0.data.pixels import pixel_values, resized
from xr0.sizes import TINY_IMAGES
from xr0.transform.images import ImageSpec, bicubic

QWEN = ImageSpec(patch=16, merge=2, temporal=2)
PIXEL_TOLERANCE = 1e-6

RNG = np.random.default_rng(0)


def noise(height: int, width: int) -> np.ndarray:
    """The hardest picture for rounding: black and white pixels at random, where filters overshoot."""
    return (RNG.integers(0, 2, (height, width, 3)) * 255).astype(np.uint8)


def test_patches_equal_the_official_ones(golden_dir: Path) -> None:
    about = json.loads((golden_dir / "images/images.json").read_text())
    for name, want in about.items():
        image = np.asarray(Image.open(golden_dir / "images" / name).convert("RGB"))
        grid = QWEN.grid(image)
        got = pixel_values([image], [grid], QWEN).numpy()
        assert [1, *grid] == want["grid_thw"]
        assert QWEN.tokens(grid) == want["tokens"]
        assert got.mean() == pytest.approx(want["pixel_mean"], abs=PIXEL_TOLERANCE)
        golden = (golden_dir / "images" / name).with_suffix(".safetensors")
        if golden.exists():
            np.testing.assert_allclose(got, load_file(golden)["pixel_values"], atol=PIXEL_TOLERANCE)


SIZE = st.integers(1, 90)


@settings(max_examples=60)
@given(SIZE, SIZE, SIZE, SIZE)
@example(480, 640, 256, 320)
@example(75, 14, 64, 84)
def test_whole_numbers_resize_to_the_bytes_of_pillow(h: int, w: int, height: int, width: int) -> None:
    picture = noise(h, w)
    got = resized(torch.from_numpy(picture)[None], height, width)[0]
    np.testing.assert_array_equal(got, bicubic(picture, height, width))


def test_a_camera_s_picture_is_resized_as_the_official_pipeline_s_pillow_did_in_one_call() -> None:
    picture = noise(480, 640)
    once = Image.fromarray(picture).resize((320, 256), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(bicubic(picture, 256, 320), once)


def test_a_patch_holds_its_own_pixels_and_merge_neighbours_are_consecutive() -> None:
    spec = ImageSpec(patch=2, merge=2, temporal=2)
    image = np.zeros((32, 32, 3), np.uint8)
    image[2, 5] = 255  # patch row 1, patch column 2: the third patch of the second 2 x 2 neighbourhood
    got = pixel_values([image], [spec.grid(image)], spec)
    assert np.flatnonzero(got.amax(dim=1) > 0).tolist() == [4 + 2]


def test_many_views_of_several_sizes_are_those_of_each_in_order() -> None:
    views = [noise(*size) for size in ((64, 64), (64, 64), (48, 80), (64, 64), (200, 100))]
    grids = [QWEN.grid(view) for view in views]
    each = [pixel_values([view], [grid], QWEN) for view, grid in zip(views, grids, strict=True)]
    assert torch.equal(pixel_values(views, grids, QWEN), torch.cat(each))
    assert pixel_values([], [], QWEN).shape == (0, QWEN.patch_values)


def test_half_precision_is_the_rounded_values() -> None:
    view = noise(60, 70)
    grid = TINY_IMAGES.grid(view)
    whole = pixel_values([view], [grid], TINY_IMAGES)
    half = pixel_values([view], [grid], TINY_IMAGES, dtype=torch.bfloat16)
    assert torch.equal(half, whole.to(torch.bfloat16))
