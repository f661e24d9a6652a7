"""What a picture goes through in training: every part of the room is seen, colours change within bounds, and
what is switched off leaves the rest as it was."""

from dataclasses import replace

import numpy as np
import pytest

from xr0.transform.augment import Augmentation, augmented
from xr0.transform.images import arranged
from xr0_robot.types import Camera

CAMERA = Camera("base", "Base View", None, None, rotate=90, crop=0.75)
WHOLE = replace(CAMERA, rotate=0, crop=1.0)
ROWS = np.repeat(np.arange(8, dtype=np.uint8)[:, None, None] * 30, 8, axis=1).repeat(3, axis=2)
PICTURE = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)


def seen(picture: np.ndarray, camera: Camera, seed: int, **how: bool) -> np.ndarray:
    return augmented(picture, camera, Augmentation(**how), np.random.default_rng(seed))


def test_switched_off_a_whole_picture_is_the_one_that_is_served() -> None:
    turned = replace(CAMERA, crop=1.0)
    np.testing.assert_array_equal(seen(PICTURE, turned, 1, colour=False), arranged(PICTURE, turned))


def test_a_crop_begins_anywhere_in_its_room_and_keeps_the_size() -> None:
    """6 of 8 rows: the first one seen is row 0, 1 or 2, the last one 5, 6 or 7; all equally often."""
    crops = [seen(ROWS, replace(CAMERA, rotate=0), seed, colour=False) for seed in range(300)]
    assert {crop.shape for crop in crops} == {ROWS.shape}
    first, count = np.unique([crop[0, 0, 0] // 30 for crop in crops], return_counts=True)
    assert first.tolist() == [0, 1, 2]
    assert count.min() > 70
    assert {int(crop[-1, 0, 0]) // 30 - int(crop[0, 0, 0]) // 30 for crop in crops} == {5}


def test_the_part_that_is_seen_does_not_depend_on_the_colours() -> None:
    grey = np.full((24, 32, 3), 128, np.uint8)
    grey[5:9, 11:17] = 0
    with_colour = [seen(grey, CAMERA, seed) for seed in range(20)]
    without = [seen(grey, CAMERA, seed, colour=False) for seed in range(20)]
    for a, b in zip(with_colour, without, strict=True):
        assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.95


def test_half_of_the_pictures_change_in_each_respect_and_within_bounds() -> None:
    """On grey, contrast and saturation do nothing: what remains is brightness, up to 32 levels either way."""
    grey = np.full((4, 4, 3), 100, np.uint8)
    shift = np.array([seen(grey, WHOLE, seed)[0, 0, 0] for seed in range(400)]).astype(int) - 100
    assert 0.4 < (shift == 0).mean() < 0.6
    assert shift.min() == pytest.approx(-32, abs=2)
    assert shift.max() == pytest.approx(32, abs=2)


def test_contrast_and_saturation_are_factors_from_a_half_to_three_halves() -> None:
    """Grey stripes, 60 apart, show the contrast; red, its channels 120 apart, contrast times saturation."""
    stripes = np.full((4, 4, 3), 98, np.uint8)
    stripes[::2] = 158
    red = np.full((4, 4, 3), [180, 60, 60], np.uint8)
    contrast = np.array([np.ptp(seen(stripes, WHOLE, seed).astype(int)) / 60 for seed in range(400)])
    both = np.array([np.ptp(seen(red, WHOLE, seed).astype(int)) / 120 for seed in range(400)])
    for factor in (contrast, both / contrast):
        assert factor.min() == pytest.approx(0.5, abs=0.05)
        assert factor.max() == pytest.approx(1.5, abs=0.1)
        assert 0.4 < (np.abs(factor - 1) < 0.02).mean() < 0.6
