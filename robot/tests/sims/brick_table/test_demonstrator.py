import numpy as np
import pytest

from xr0_robot.sims.brick_table.demonstrator import BrickDemonstrator


@pytest.fixture(scope="module")
def demonstrator(table):
    return BrickDemonstrator(table)


def seeds_that_begin_late(demonstrator, count):
    found = (seed for seed in range(200) if demonstrator.begin(seed)[1]["late"])
    return [next(found) for _ in range(count)]


def test_some_begin_with_a_mistake_made_and_are_made_good(demonstrator):
    env, gaps, solved = demonstrator.env, [], 0
    for seed in seeds_that_begin_late(demonstrator, 4):
        demonstrator.begin(seed)
        assert env.tick == 0
        assert env.perturbed_tick is not None
        gaps.append(np.linalg.norm(env.tool()[:3] - env.object_positions()[env.target.colour]))
        for _ in range(400):
            env.apply(demonstrator.act() + demonstrator.disturbance())
        solved += env.success()
    assert solved >= 3
    assert max(gaps) > 0.1


def test_a_seed_begins_the_same_whatever_came_before(demonstrator):
    (seed,) = seeds_that_begin_late(demonstrator, 1)
    states = []
    for before in (0, 1):
        demonstrator.begin(before)
        demonstrator.begin(seed)
        states.append(np.concatenate([demonstrator.env.state(), demonstrator.env.environment_state()]))
    assert np.array_equal(*states)


def test_about_three_in_ten_begin_late(demonstrator):
    late = [demonstrator.begin(seed)[1]["late"] for seed in range(40)]
    assert 4 <= sum(late) <= 20
