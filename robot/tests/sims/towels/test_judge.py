"""What counts as folded, from towels laid by hand: no physics."""

import numpy as np
import pytest

from xr0_robot.sims.towels import judge
from xr0_robot.sims.towels.cloth import GRID, THICK, flat
from xr0_robot.sims.towels.stack import PLACE
from xr0_robot.sims.towels.towel import TOWELS

LAYER = np.array([0.0, 0.0, THICK])


def turned(points, yaw):
    c, s = np.cos(yaw), np.sin(yaw)
    return points @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]).T


@pytest.mark.parametrize("towel", TOWELS)
@pytest.mark.parametrize("yaw", [0.0, 0.2, 1.4])
def test_folded_twice_is_folded_however_it_is_turned(twice, towel, yaw):
    points = turned(twice(towel), yaw)
    assert judge.folded(points, towel)
    assert judge.misaligned(points) < 0.01
    long, short = sorted(towel.folded, reverse=True)
    found = judge.rectangle(points)
    assert (found.long, found.short) == pytest.approx((long, short), rel=0.08)


@pytest.mark.parametrize("towel", TOWELS)
def test_once_or_not_at_all_is_not_folded(fold, towel):
    points = flat(towel.size)
    assert not judge.folded(points, towel) and judge.flattened(points, towel)
    for axis in (0, 1):
        once = fold(points, axis, THICK)
        assert not judge.folded(once, towel) and not judge.flattened(once, towel)


def test_twice_along_the_same_edge_is_not_folded(fold):
    towel = TOWELS[0]
    strip = fold(fold(flat(towel.size), 0, THICK), 0, 3 * THICK)
    assert not judge.folded(strip, towel)


def test_edges_that_do_not_lie_on_each_other_are_not_folded(twice):
    towel = TOWELS[0]
    points = twice(towel)
    points[GRID // 2 + 1 :, :, 1] += 0.08
    assert not judge.folded(points, towel)


def test_layers_in_an_order_that_no_fold_makes_are_refused(twice):
    points = twice(TOWELS[0])
    assert judge.layered(points)
    first, last = slice(None, GRID // 2), slice(GRID // 2 + 1, None)
    crossed = points.copy()
    crossed[first, last, 2], crossed[last, last, 2] = points[last, last, 2], points[first, last, 2]
    crossed[first, first, 2], crossed[last, first, 2] = points[first, first, 2], points[last, first, 2]
    assert not judge.layered(crossed)


def test_crumpled_is_neither_flat_nor_folded():
    towel, rng = TOWELS[0], np.random.default_rng(0)
    for _ in range(20):
        points = rng.uniform(-0.06, 0.06, size=(GRID, GRID, 3)) + 0.06
        assert not judge.folded(points, towel) and not judge.flattened(points, towel)


@pytest.mark.parametrize(
    ("dx", "dy", "dz", "yaw", "there"),
    [
        (0.0, 0.0, 0.0, 0.0, True),
        (0.02, -0.01, 0.0, 0.15, True),
        (0.04, 0.0, 0.0, 0.0, False),
        (0.0, -0.2, 0.0, 0.0, False),
        (0.0, 0.0, 0.0, 0.5, False),
        (0.0, 0.0, -0.044, 0.0, False),
        (0.0, 0.0, 0.08, 0.0, False),
    ],
)
def test_it_must_lie_square_on_top_of_the_stack(twice, dx, dy, dz, yaw, there):
    height = 0.044
    points = turned(twice(TOWELS[0]), yaw) + (PLACE[0] + dx, PLACE[1] + dy, height + dz) + LAYER / 2
    assert judge.stacked(points, PLACE, height) is there
