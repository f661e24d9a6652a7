"""The Lego table: what holds, what counts, and an expert that does it."""

import mujoco
import numpy as np
import pytest

from xr0_robot.executor.safety import Safety
from xr0_robot.sims.lego import tasks
from xr0_robot.sims.lego.assembly import BEAM, Joint, Placed
from xr0_robot.sims.lego.bricks import BINS, COLOURS, HALF, HEIGHT, PITCH, STUD
from xr0_robot.sims.lego.env import LegoTable
from xr0_robot.sims.lego.expert import Expert
from xr0_robot.sims.lego.studs import HOLD_N
from xr0_robot.sims.lego.variants import VARIANTS, Variant
from xr0_robot.sims.two_arms.limits import LIMITS
from xr0_robot.sims.world import open_world
from xr0_robot.worlds import WORLDS

ROW, RIM = PITCH / 2, STUD[0]
ENDS = (3 * ROW, ROW)
LEVERS = (
    HOLD_N * 8 * (ROW**2 + RIM**2) / (ROW + RIM),
    HOLD_N * (4 * sum(end**2 for end in ENDS) + 8 * RIM**2) / (ENDS[0] + RIM),
)
"""Torques that part a brick of 4 x 2 studs about its long and its short axis [N m]: the studs share it in the
measure of their distance, and the outermost one gives way first."""


@pytest.fixture(scope="module")
def table():
    table = LegoTable(Variant(sizes=(3,), only=0.0))
    yield table
    table.close()


def put_away(table, colour_of_bin=None):
    """Lay every brick in its bin, or all in one, side by side, and let them come to rest."""
    table.studs.join(table.data, {}, ())
    for number, colour in enumerate(table.colours):
        bin_ = next(bin_ for bin_ in BINS if bin_.name == (colour_of_bin or colour))
        x, y = bin_.centre
        table.move_brick(number, np.array([x + 0.04 * (number - 1), y]))
    rest(table)


def rest(table, seconds=0.5):
    for _ in range(table.embodiment.ticks(seconds)):
        table.apply(table.bring(table.tools()))


def test_a_seed_builds_the_same_table_and_another_one_another(table):
    def built(seed):
        table.reset(seed)
        return table.data.qpos.copy(), tuple(table.colours), table.task

    (first, colours, task), (again, *same), (other, *_) = built(4), built(4), built(5)
    assert np.array_equal(first, again) and same == [colours, task]
    assert not np.array_equal(first, other)


def test_what_is_built_holds_where_it_stands(table):
    table.reset(0)
    before = [table.centre(number) for number in range(table.count)]
    rest(table, seconds=1.0)
    assert np.abs(np.array([table.centre(n) for n in range(table.count)]) - before).max() < 0.002
    assert len(table.studs.piece(0)) == table.count + 1
    assert max(table.studs.loads(table.data).values()) < HOLD_N / 3


def on_the_beam(table):
    """The first brick alone upon the beam, which is held down; its body's number."""
    table.reset(0)
    beam, body = table.count, table.model.body("brick_0").id
    for number in range(1, table.count):
        table.move_brick(number, np.array([0.2, 0.1 * number]))
    x, y, z = table.centre(beam)
    table.data.joint("brick_0").qpos[:3] = x, y, z + HEIGHT
    table.data.joint("brick_0").qpos[3:] = table.data.joint("beam_0").qpos[3:]
    table.studs.join(table.data, {0: Placed(1, 10), beam: BEAM}, [Joint(beam, 0, 4)])
    rest(table)
    table.data.xfrc_applied[table.model.body("beam_0").id, 2] = -50.0
    return body


def gives_way(table, body, force=(0, 0, 0), torque=(0, 0, 0)):
    table.data.xfrc_applied[body] = *force, *torque
    mujoco.mj_step(table.model, table.data, nstep=10)
    gave = table.studs.give_way(table.data)
    table.data.xfrc_applied[:] = 0.0
    return gave


@pytest.mark.parametrize(("share", "parted"), [(0.8, False), (1.2, True)])
def test_studs_give_way_to_a_pull_above_what_they_hold_and_to_no_weaker_one(table, share, parted):
    """8 studs, pulled up by their middle."""
    body = on_the_beam(table)
    assert gives_way(table, body, force=(0, 0, share * 8 * HOLD_N)) == parted
    assert (table.studs.piece(0) == {0}) == parted


def test_a_brick_is_levered_off_with_less_about_its_long_axis_than_about_its_short_one(table):
    """The outermost studs have more leverage along it. They give way between what they would hold alone and
    two and a half times that: the edge about which the brick turns bears a part."""

    def parting(axis, alone):
        for share in np.arange(0.9, 3.0, 0.1):
            body = on_the_beam(table)
            if gives_way(table, body, torque=tuple(table.turn(0)[:, axis] * share * alone)):
                return share * alone
        raise AssertionError(f"{3.0 * alone} N m did not part it")

    long, short = parting(0, LEVERS[0]), parting(1, LEVERS[1])
    assert LEVERS[0] <= long < short
    assert long < 2.5 * LEVERS[0] and LEVERS[1] <= short < 2.5 * LEVERS[1]


def test_success_is_every_brick_in_the_bin_of_its_colour_at_rest(table):
    table.reset(1)
    assert not table.success() and table.sorted_bricks() == 0
    put_away(table)
    assert table.success() and table.sorted_bricks() == table.count
    table.move_brick(0, np.array([0.25, 0.0]))
    assert not table.success()


def test_bricks_in_the_wrong_bin_do_not_count(table):
    table.reset(1)
    wrong = next(colour for colour in COLOURS if colour not in table.colours)
    put_away(table, wrong)
    assert table.sorted_bricks() == 0 and not table.success()


def test_where_one_colour_is_asked_for_the_others_stay_out_of_the_bins(table):
    table.reset(1)
    colour = table.colours[0]
    others = [n for n in range(table.count) if table.colours[n] != colour]
    put_away(table)
    assert table.fulfilled(f"only the {colour} ones") == (not others)
    for place, number in enumerate(others):
        table.move_brick(number, np.array([0.25, 0.08 * place]))
    rest(table)
    assert table.fulfilled(f"only the {colour} ones")


@pytest.mark.parametrize("sentence", ["fold the towel", "sort the red and the blue bricks"])
def test_a_sentence_that_cannot_be_scored_is_refused(table, sentence):
    with pytest.raises(ValueError, match=f"instruction '{sentence}': got colours"):
        table.reset(0, sentence)


def test_every_wording_is_understood_as_it_is_meant():
    assert all(tasks.parse(wording).colour is None for wording in tasks.ALL)
    for colour in COLOURS:
        assert all(tasks.parse(wording.format(colour=colour)).colour == colour for wording in tasks.ONLY)


def test_bricks_of_the_colour_that_is_asked_for_have_no_others_upon_them():
    table = LegoTable(Variant(sizes=(10,), only=1.0))
    for seed in range(6):
        table.reset(seed)
        assert 0 < table.colours.count(table.task.colour) < table.count
        for joint in table.studs.joints():
            if joint.lower < table.count and table.colours[joint.lower] == table.task.colour:
                assert table.colours[joint.upper] == table.task.colour
    table.close()


def test_another_task_is_never_the_same_one():
    rng = np.random.default_rng(0)
    for colour in (None, *COLOURS):
        others = {tasks.another(tasks.Task(colour, "as said"), rng).colour for _ in range(40)}
        assert others == set(COLOURS) - {colour}


def test_a_wrong_sentence_fits_the_scene_and_asks_otherwise():
    world = open_world("lego", "trained")
    for seed in range(5):
        wrong = world.mislead(seed)
        asked = world.env.reset(seed)
        assert tasks.parse(wrong).colour != tasks.parse(asked).colour
    world.env.close()


def test_every_variant_that_is_named_is_made():
    assert set(WORLDS["lego"]) == set(VARIANTS)


def test_the_expert_takes_an_assembly_apart_within_the_robots_limits():
    table = LegoTable(Variant(sizes=(4,), only=0.0))
    table.reset(2)
    expert, safety = Expert(table), Safety(table.embodiment, LIMITS)
    safety.reset(table.state())
    clamped, beam = 0, table.count
    for _ in range(table.embodiment.ticks(40.0)):
        verdict = safety.check(table.bring(expert.act()))
        clamped += bool(verdict.clamped)
        table.apply(verdict.command)
        if table.success():
            break
    assert table.success()
    assert clamped < 0.02 * table.tick
    assert abs(table.centre(beam)[2] - HALF[2]) < 0.003, "the beam stays on the table"
    table.close()


def test_a_stolen_brick_is_found_again():
    table = LegoTable(Variant(sizes=(3,), only=0.0, stolen=True))
    table.reset(1)
    expert = Expert(table)
    for _ in range(table.embodiment.ticks(60.0)):
        table.apply(table.bring(expert.act()))
        if table.success():
            break
    assert table.stolen_tick is not None and table.success()
    table.close()
