"""Demonstrations hold mistakes that are made good, marked, so that nobody learns to make them."""

import numpy as np
import pytest

from xr0_robot.sims.brick_table.demonstrator import BrickDemonstrator
from xr0_robot.sims.brick_table.mistakes import MOVED


@pytest.fixture(scope="module")
def demonstrator(table):
    return BrickDemonstrator(table)


def seeds(demonstrator, count, **special):
    found = (seed for seed in range(400) if special.items() <= demonstrator.begin(seed)[1].items())
    return [next(found) for _ in range(count)]


def played(demonstrator, seed):
    """Of each tick: command, whether it was meant, where tool and target are; and whether all went well."""
    demonstrator.begin(seed)
    env, rows = demonstrator.env, []
    for _ in range(env.embodiment.ticks(demonstrator.time_limit_s)):
        command, meant = demonstrator.act(), demonstrator.meant()
        rows.append((command, meant, env.tool()[:3], env.object_positions()[env.target.colour]))
        env.apply(command + demonstrator.disturbance())
        if env.success():
            return rows, True
    return rows, False


@pytest.mark.sim
def test_a_target_that_is_moved_is_gone_for_where_it_was_and_then_where_it_is(demonstrator):
    long = 0
    for seed in seeds(demonstrator, 3, perturb=True, lapses=False, noise=False):
        rows, solved = played(demonstrator, seed)
        _, meant, tools, targets = map(np.array, zip(*rows, strict=True))
        assert solved
        jumps = np.linalg.norm(np.diff(targets, axis=0), axis=1)
        (moved,) = np.flatnonzero(jumps > MOVED) + 1
        assert meant[:moved].all() and meant[-30:].all()
        mistaken = np.flatnonzero(~meant)
        assert mistaken.tolist() == list(range(moved, moved + len(mistaken)))
        if len(mistaken) > 10:
            long += 1
            apart = np.linalg.norm((tools - targets[moved - 1])[:, :2], axis=1)
            assert apart[mistaken].min() < 0.6 * apart[moved]
    assert long > 0


@pytest.mark.sim
def test_lapses_are_short_and_made_good(demonstrator):
    lapses = 0
    for seed in seeds(demonstrator, 3, perturb=False, lapses=True):
        rows, solved = played(demonstrator, seed)
        assert solved
        meant = np.array([True, *(row[1] for row in rows), True])
        begins, ends = (np.flatnonzero(np.diff(meant.astype(int)) == way) for way in (-1, 1))
        lapses += len(begins)
        assert (ends - begins <= 18).all()
    assert lapses > 0


@pytest.mark.sim
def test_an_ordinary_demonstration_is_meant_throughout(demonstrator):
    (seed,) = seeds(demonstrator, 1, perturb=False, lapses=False)
    rows, solved = played(demonstrator, seed)
    assert solved and all(meant for _, meant, _, _ in rows)


@pytest.mark.sim
def test_a_seed_begins_the_same_whatever_came_before(demonstrator):
    (seed,) = seeds(demonstrator, 1, perturb=True, lapses=True)
    runs = []
    for before in (seed + 1, seed + 2):
        demonstrator.begin(before)
        demonstrator.act()
        rows, _ = played(demonstrator, seed)
        runs.append(np.array([[*command, meant] for command, meant, _, _ in rows]))
    np.testing.assert_array_equal(*runs)
