"""The read-out chain, fault by fault."""

from dataclasses import replace

import numpy as np

from xr0_robot.touch.sensor import electronics
from xr0_robot.touch.sensor.pads import FULL_SCALE_N

RNG = np.random.default_rng(0)
FORCES = RNG.uniform(0.0, 0.9, (3, 2, 11, 9))
NONE = np.zeros_like(FORCES)
PERFECT = electronics.perfect(3, 2)


def read(sensors: electronics.Electronics, before: np.ndarray = NONE) -> np.ndarray:
    return electronics.read(FORCES, before, sensors, np.random.default_rng(1))


def test_a_perfect_sensor_rounds_and_saturates() -> None:
    expected = np.rint(np.clip(FORCES / FULL_SCALE_N, 0, 1) * 255).astype(np.uint8)
    np.testing.assert_array_equal(read(PERFECT), expected)


def test_dead_taxels_read_nothing_and_others_as_before() -> None:
    alive = RNG.random(FORCES.shape) > 0.3
    images = read(replace(PERFECT, alive=alive))
    assert not images[~alive].any()
    np.testing.assert_array_equal(images[alive], read(PERFECT)[alive])


def test_a_row_s_mean_leaks_along_the_row() -> None:
    one = np.zeros((1, 2, 11, 9))
    one[0, 0, 4, 2] = 0.45
    ghost = replace(electronics.perfect(1, 2), ghost_rows=np.full((1, 2), 0.5))
    image = electronics.read(one, one * 0, ghost, np.random.default_rng(0))[0, 0]
    assert (image[4, [0, 1, 3, 4, 5, 6, 7, 8]] == np.rint(255 * 0.5 * 0.45 / 0.8 / 9)).all()
    assert not np.delete(image, 4, axis=0).any()


def test_the_grasp_before_stays_in_the_reading() -> None:
    forgetful = replace(PERFECT, memory=np.full((3, 2), 0.1))
    assert (read(forgetful, FORCES).astype(int) >= read(PERFECT)).all()
    np.testing.assert_array_equal(read(forgetful), read(PERFECT))


def test_faults_are_drawn_for_a_sensor_and_kept() -> None:
    sensors = electronics.draw(np.random.default_rng(3), 500, 2)
    assert 0.97 < sensors.alive.mean() < 0.99
    quiet = replace(sensors, noise=np.zeros((500, 2)), creep=np.zeros((500, 2)))
    forces = RNG.uniform(0, 0.5, (500, 2, 11, 9))
    first, second = (electronics.read(forces, forces * 0, quiet, np.random.default_rng(k)) for k in (1, 2))
    np.testing.assert_array_equal(first, second)
    few = np.array([4, 7])
    again = electronics.read(forces[few], forces[few] * 0, quiet.take(few), np.random.default_rng(3))
    np.testing.assert_array_equal(again, first[few])
