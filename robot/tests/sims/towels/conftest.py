"""Towels laid by hand, and one table for all tests."""

import json
from pathlib import Path

import numpy as np
import pytest

from xr0_robot.sims.towels.cloth import THICK, flat


def _fold(points, axis, height):
    """Over the middle line: the far half is mirrored onto the near one, its layers upside down on top, and so
    much nearer to the crease that the edge there is as long as it was."""
    points, far = points.copy(), points[..., axis] > 1e-9
    step = np.ptp(points[..., axis]) / (len(points) - 1)
    rise = height - 2 * points[far, 2]
    points[far, axis] = step - np.sqrt(step**2 - rise**2) - points[far, axis]
    points[far, 2] += rise
    return points


@pytest.fixture(scope="package")
def fold():
    """Points, the axis that is folded, and the height of the upper layer, to points."""
    return _fold


@pytest.fixture(scope="package")
def twice():
    """A towel to its points, folded along i, then along j, around the origin."""

    def make(towel):
        points = _fold(_fold(flat(towel.size), 0, THICK), 1, 3 * THICK)
        return points - points.mean(axis=(0, 1)) * (1, 1, 0)

    return make


@pytest.fixture(scope="package")
def folded_blue():
    """The blue towel as the expert left it on an empty stack, around the stack's middle."""
    return np.array(json.loads((Path(__file__).parent / "folded_blue.json").read_text()))


@pytest.fixture(scope="package")
def table():
    """It must not remember an earlier episode."""
    from xr0_robot.sims.towels.env import TowelTable
    from xr0_robot.sims.towels.variants import VARIANTS

    table = TowelTable(VARIANTS["trained"])
    yield table
    table.close()
