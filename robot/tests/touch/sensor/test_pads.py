"""Readings that cannot be readings are refused, in one line that says why."""

import numpy as np
import pytest

from xr0_robot.touch.sensor import pads
from xr0_robot.touch.sensor.pads import PARALLEL, TactileReading

RNG = np.random.default_rng(0)


def reading(
    images: np.ndarray | None = None, width: float = 6.0, fingers: tuple[str, ...] = ("left", "right")
) -> TactileReading:
    if images is None:
        images = RNG.integers(1, 255, (len(fingers), 11, 9)).astype(np.uint8)
    return TactileReading(fingers, images, np.array([width]))


@pytest.mark.parametrize(
    ("images", "width", "text"),
    [
        (np.zeros((2, 9, 11), np.uint8), 6.0, r"expected uint8 of shape \(2, 11, 9\)"),
        (np.zeros((3, 11, 9), np.uint8), 6.0, r"expected uint8 of shape \(2, 11, 9\)"),
        (np.full((2, 11, 9), np.nan), 6.0, "got float64"),
        (np.zeros((2, 11, 9), np.uint8), np.nan, "expected finite"),
    ],
)
def test_another_size_or_nan_is_refused(images: np.ndarray, width: float, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        reading(images, width)


def test_a_silent_pad_is_named() -> None:
    images = reading().images.copy()
    images[1] = 0
    with pytest.raises(ValueError, match="pad right: all taxels read 0"):
        pads.require_contact(reading(images))
    pads.require_contact(reading())


def test_a_stuck_pad_is_named() -> None:
    first, second = reading(), reading()
    pads.require_fresh(first, second)
    stuck = second.images.copy()
    stuck[0] = first.images[0]
    with pytest.raises(ValueError, match="pad left: the same image"):
        pads.require_fresh(first, reading(stuck))


def test_a_goal_of_other_fingers_is_refused() -> None:
    with pytest.raises(ValueError, match="recorded with fingers"):
        pads.require_same_hand(reading(), reading(fingers=("thumb", "index", "middle")))
    pads.require_same_hand(reading(), reading())


def test_pads_face_one_another() -> None:
    left, right = (finger.frame() for finger in PARALLEL)
    np.testing.assert_allclose(left[:, 0], -right[:, 0], atol=1e-12)
    np.testing.assert_allclose(left[:, 2], right[:, 2], atol=1e-12)
    y, z = pads.taxel_centres()
    assert (y[0, 0], z[0, 0]) == (pytest.approx(-4.4), pytest.approx(-5.5))
