"""Known answers of each metric."""

import numpy as np
import pytest

from xr0.seam import metrics
from xr0.seam.statistics import bootstrap, mean, ratio
from xr0_robot.bench.metrics import bends

DT = 0.02
PARABOLA = 0.5 * np.arange(12.0)[:, None] ** 2 * [3.0, 4.0]
"""Second difference (3, 4) everywhere, of norm 5."""


def test_bends_are_split_at_seams_and_holds() -> None:
    chunks = np.array([-1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    commands = PARABOLA.copy()
    commands[6:] += [0.0, 10.0]  # a jump of place at the seam: windows 4 and 5 bend by it
    seam, inside = bends(commands, chunks)
    assert np.allclose(inside, 5.0) and len(inside) == 7
    assert np.allclose(seam, [5.0, np.hypot(3, 14), np.hypot(3, -6)])
    assert metrics.seam_bends(commands, chunks) == pytest.approx((np.hypot(3, -6), 5.0))


def test_an_episode_of_one_chunk_has_no_seam() -> None:
    assert metrics.seam_bends(PARABOLA, np.zeros(12, int)) is None
    assert metrics.velocity_jump(PARABOLA, np.zeros(12, int), DT) is None


def test_the_velocity_jump_is_that_of_a_kink() -> None:
    ramp = np.concatenate([np.zeros(6), np.arange(1, 7)])[:, None] * 0.1  # from rest to 5 per s at tick 6
    chunks = np.array([0] * 6 + [1] * 6)
    assert metrics.velocity_jump(ramp, chunks, DT) == pytest.approx(np.percentile([5.0, 0.0], 95))


def test_the_jerk_of_a_cubic_is_its_third_derivative() -> None:
    t = np.arange(30) * DT
    assert metrics.rms_jerk(np.stack([t**3, 0 * t], axis=1), DT) == pytest.approx(6.0)


def test_sparc_of_one_bell_is_about_its_published_value_and_pauses_lower_it() -> None:
    t = np.arange(0, 1, 0.01)
    bell = 30 * (t**2 - 2 * t**3 + t**4)  # speed of a minimum-jerk movement of a metre in a second
    path = np.cumsum(bell)[:, None] * 0.01
    smooth = metrics.sparc(path, 0.01)
    assert smooth is not None and -1.45 < smooth < -1.35
    halting = np.cumsum(bell * (1 + np.sin(2 * np.pi * 6 * t)))[:, None] * 0.01
    worse = metrics.sparc(halting, 0.01)
    assert worse is not None and worse < smooth - 0.3
    assert metrics.sparc(np.zeros((50, 2)), 0.01) is None


def test_sparc_does_not_depend_on_how_far_or_fast() -> None:
    t = np.arange(0, 1, 0.01)
    path = (t**3)[:, None]
    assert metrics.sparc(path, 0.01) == pytest.approx(metrics.sparc(7 * path, 0.01))


def test_idle_share_counts_ticks_without_a_chunk() -> None:
    assert metrics.idle_share(np.array([-1, -1, 0, 0, 1, -1, 2, 2])) == pytest.approx(3 / 8)


def test_a_reaction_is_beyond_three_sigmas_of_any_number_from_when_it_can_be() -> None:
    twin, sigma = np.zeros((40, 2)), np.array([0.1, 1.0])
    mine = twin.copy()
    mine[3] = 9.0  # before anything could be seen
    mine[15:] = [0.29, 2.9]
    mine[18:] = [0.0, 3.1]
    assert metrics.reaction_ticks(mine, twin, 10, sigma, 25) == 8
    assert metrics.reaction_ticks(twin, twin, 10, sigma, 25) == 25


def test_an_episode_that_ended_keeps_its_last_command() -> None:
    twin = np.arange(40.0)[:, None]
    assert metrics.reaction_ticks(twin[:20], twin, 15, np.array([1.0]), 20) == 8  # 19 against 23 at tick 23


def test_the_interval_of_a_coin_is_that_of_its_mean() -> None:
    flips = [1.0] * 100 + [0.0] * 100
    figure = bootstrap(flips, mean)
    assert figure is not None and figure.mean == 0.5
    assert figure.low == pytest.approx(0.5 - 1.96 * 0.5 / np.sqrt(200), abs=0.012)
    assert figure.high == pytest.approx(0.5 + 1.96 * 0.5 / np.sqrt(200), abs=0.012)


def test_a_ratio_is_of_means_not_the_mean_of_ratios() -> None:
    figure = bootstrap([(1.0, 0.5), (3.0, 3.5)], ratio)
    assert figure is not None and figure.mean == 1.0
    assert bootstrap([], ratio) is None
