"""That each symmetry is one of the sensor is tested with the simulator (tests/tactile/test_pairs.py)."""

import numpy as np

from xr0_robot.touch.sensor import symmetry
from xr0_robot.touch.sensor.pads import COLUMNS, ROWS, TactileReading

RNG = np.random.default_rng(0)
READING = TactileReading(
    ("left", "right"), RNG.integers(0, 255, (2, ROWS, COLUMNS)).astype(np.uint8), np.array([8.0])
)


def test_eight_different_ways_to_feel_a_grasp_each_its_own_inverse() -> None:
    ways = symmetry.of_hand(READING.fingers)
    felt = {way.reading(READING).images.tobytes() for way in ways}
    assert len(ways) == len(felt) == 8
    w = RNG.normal(size=6)
    for way in ways:
        np.testing.assert_array_equal(way.reading(way.reading(READING)).images, READING.images)
        np.testing.assert_array_equal(way.increment(way.increment(w)), w)


def test_of_another_hand_no_symmetry_is_known() -> None:
    (only,) = symmetry.of_hand(("thumb", "index", "middle"))
    np.testing.assert_array_equal(only.reading(READING).images, READING.images)
