"""The towel and the hands: what is drawn, what is caught, what slips, what is scored."""

import mujoco
import numpy as np
import pytest

from xr0_robot.sims.towels import shape, throw
from xr0_robot.sims.towels.cloth import GRID, THICK, flat
from xr0_robot.sims.towels.env import TowelTable
from xr0_robot.sims.towels.stack import PLACE
from xr0_robot.sims.towels.towel import TOWELS
from xr0_robot.sims.towels.variants import VARIANTS
from xr0_robot.sims.two_arms.embodiment import SIDES
from xr0_robot.worlds import WORLDS

FOLD = "fold the towel and put it on the stack"
AWAY = {"left": np.array([0.26, 0.30, 0.3]), "right": np.array([0.26, -0.30, 0.3])}


def lay(table, points, x, y, z=0.0):
    """The towel there, at rest."""
    table.cloth.put(points + np.array([x, y, z]))
    mujoco.mj_forward(table.model, table.data)


def up(z):
    return np.array([0.0, 0.0, z])


def hands(table, places, opening, ticks):
    """Bring both hands there; the one that is not named waits."""
    tools = {side: np.array([*places.get(side, AWAY[side]), 0, 0, 0, opening]) for side in SIDES}
    for _ in range(ticks):
        table.apply(table.bring(tools))


def test_a_seed_decides_everything_and_the_last_episode_nothing(table):
    table.reset(500_001)
    first = (table.task, table.towel, table.stack.towels, table.cloth.points(), table.state())
    table.reset(500_005)
    assert not np.array_equal(table.cloth.points(), first[3])
    table.reset(500_001)
    assert (table.task, table.towel, table.stack.towels) == first[:3]
    assert np.array_equal(table.cloth.points(), first[3]) and np.array_equal(table.state(), first[4])


def test_it_is_thrown_within_reach_and_off_the_stack_and_neither_flat_nor_folded(table):
    for seed in (500_002, 500_004):
        table.reset(seed)
        points = table.cloth.points()
        assert throw.inside(points) and points[..., 0].max() < PLACE[0] - 0.07
        assert not table.success() and table.towel not in table.stack.towels


def test_each_towel_keeps_its_own_size_and_weight(table):
    table.reset(500_001)
    for towel in TOWELS:
        table.cloth.become(towel)
        edges = table.model.flexedge_length0
        assert edges.min() == pytest.approx(min(towel.size) / (GRID - 1), rel=1e-3)
        assert table.model.body_mass[table.cloth.bodies].sum() == pytest.approx(towel.mass)
        assert table.model.flex_matid[0] == table.model.material(towel.name).id


def test_layers_stay_layers(table, folded_blue):
    table.reset(500_002, FOLD)
    lay(table, folded_blue, 0.33, 0.0)
    hands(table, {}, 1.0, 30)
    points = table.cloth.points()
    heights = shape.judge.quarters(points)[..., 2].mean(axis=(2, 3))
    assert np.diff(np.sort(heights, axis=None)).min() > 0.5 * THICK
    assert shape.judge.folded(points, table.towel) and table.cloth.speed() < 0.05


def test_success_is_the_folded_towel_on_the_stack_that_nobody_holds(table, folded_blue):
    table.reset(500_002, FOLD)  # whose stack is empty
    assert table.stack.towels == ()
    lay(table, folded_blue, *PLACE)
    hands(table, {}, 1.0, 30)
    assert table.success() and table.fulfilled("fold it") and not table.fulfilled("spread it out")
    corner = table.cloth.points()[0, 0] + up(0.01)
    hands(table, {"left": corner}, 1.0, 45)
    assert table.success()
    hands(table, {"left": corner}, 0.0, 15)
    assert table.held()["left"].size and not table.success()
    lay(table, folded_blue, 0.33, 0.0)
    hands(table, {}, 1.0, 30)
    assert not table.success()


def test_flat_on_the_table_is_what_spreading_asks_for(table):
    table.reset(500_003, "spread the towel out")
    lay(table, flat(table.towel.size), 0.32, 0.0, THICK / 2)
    hands(table, {}, 1.0, 20)
    assert table.success() and not table.fulfilled(FOLD)


def test_closing_fingers_catch_what_is_between_them_and_carry_it(table):
    table.reset(500_003, FOLD)
    lay(table, flat(table.towel.size), 0.32, 0.0, THICK / 2)
    corner = table.cloth.points()[0, -1] + up(0.012)
    hands(table, {"left": corner}, 1.0, 45)
    assert not table.held()["left"].size
    hands(table, {"left": corner}, 0.0, 10)
    assert shape.indices(table.held()["left"]) == [(0, GRID - 1)]
    aloft = corner + np.array([0.05, 0.0, 0.3])
    hands(table, {"left": aloft}, 0.0, 45)
    assert np.linalg.norm(table.cloth.points()[0, -1] - table.tools()["left"][:3]) < 0.02
    hands(table, {"left": aloft}, 1.0, 10)
    assert not table.held()["left"].size


def test_beside_the_towel_they_catch_nothing_and_deep_in_a_fold_every_layer(table, folded_blue):
    table.reset(500_002, FOLD)
    lay(table, folded_blue, 0.33, 0.0)
    hands(table, {}, 1.0, 15)
    points = table.cloth.points()
    corners = [(i, j) for i in (0, GRID - 1) for j in (0, GRID - 1)]
    place = np.mean([points[c] for c in corners], axis=0) * (1, 1, 0) + up(0.016)
    out = np.append(np.sign(place[:2] - points[..., :2].mean(axis=(0, 1))) * 0.05, 0.0)
    hands(table, {"left": place + out}, 1.0, 45)
    hands(table, {"left": place + out}, 0.0, 10)
    assert not table.held()["left"].size
    hands(table, {"left": place}, 1.0, 30)
    hands(table, {"left": place}, 0.0, 10)
    assert set(corners) <= set(shape.indices(table.held()["left"]))


def test_pulled_too_hard_a_pinch_slips(table):
    table.reset(500_003, FOLD)
    lay(table, flat(table.towel.size), 0.32, 0.0, THICK / 2)
    points = table.cloth.points()
    places = {"left": points[0, -1] + up(0.012), "right": points[0, 0] + up(0.012)}
    hands(table, places, 1.0, 45)
    hands(table, places, 0.0, 10)
    assert all(held.size for held in table.held().values())
    apart = {
        "left": places["left"] + np.array([0, 0.14, 0]),
        "right": places["right"] - np.array([0, 0.14, 0]),
    }
    hands(table, apart, 0.0, 30)
    assert sum(pinch.slipped for pinch in table.pinches.values()) >= 1
    assert not all(held.size for held in table.held().values())


def test_a_towel_that_is_snatched_away_is_in_no_hand_and_within_reach(table):
    table.reset(500_003)
    for seed in (0, 1, 2):  # thrown, turned over, thrown
        place = table.cloth.points()[3, 3] + up(0.01)
        hands(table, {"left": place}, 1.0, 30)
        hands(table, {"left": place}, 0.0, 10)
        before = table.cloth.points()
        assert table.held()["left"].size
        table.perturb(np.random.default_rng(seed))
        assert not any(held.size for held in table.held().values())
        assert np.abs(table.cloth.points() - before).max() > 0.02 and table.perturbed_tick == table.tick


@pytest.mark.parametrize("variant", [name for name in WORLDS["towels"] if name != "trained"])
def test_each_variant_opens_and_draws(variant):
    table = TowelTable(VARIANTS[variant])
    observation = table.observe(table.reset(500_001), 0.0)
    assert [image.shape for image in observation.images.values()] == [(128, 128, 3)] * 3
    table.close()
