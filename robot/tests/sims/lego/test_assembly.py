"""Assemblies that stand and come apart, and where a hand holds them."""

import numpy as np
import pytest

from xr0_robot.sims.lego import assembly
from xr0_robot.sims.lego.assembly import BEAM, Joint, Placed, check, draw, joints
from xr0_robot.sims.lego.bricks import BEAM_COLUMNS, BEAM_HALF, HALF
from xr0_robot.sims.lego.grips import NEAREST, PAD, spots


@pytest.mark.parametrize("count", [1, 5, 10, 12, 20])
def test_what_is_drawn_has_so_many_bricks_on_the_beam_and_is_another_for_each_seed(count):
    drawn = [draw(np.random.default_rng(seed), count) for seed in range(10)]
    for each in drawn:
        check(each)
        assert len(each) == count + 1
        assert all(0 <= brick.start <= BEAM_COLUMNS - brick.columns for brick in each)
        assert len(assembly.pieces(count + 1, [(j.lower, j.upper) for j in joints(each)])) == 1
    assert len(set(drawn)) > 1


def test_bricks_share_the_columns_that_both_cover():
    wall = (BEAM, Placed(1, 0), Placed(1, 4), Placed(2, 3))
    assert joints(wall) == (Joint(0, 1, 4), Joint(0, 2, 4), Joint(1, 3, 1), Joint(2, 3, 3))


@pytest.mark.parametrize(
    ("wall", "message"),
    [
        ((Placed(1, 0),), "expected the beam"),
        ((BEAM, Placed(1, 0), Placed(1, 3)), "got bricks 1 and 2 in one place"),
        ((BEAM, Placed(2, 0)), "got brick 1 in layer 2 with 0 columns upon others"),
        ((BEAM, Placed(1, 0), Placed(2, 3)), "with 1 columns upon others, expected at least 2"),
        ((BEAM, Placed(1, 0), Placed(2, 0)), "4 columns of brick 2 upon brick 1, expected less than the 4"),
    ],
)
def test_an_assembly_that_cannot_stand_or_come_apart_is_refused(wall, message):
    with pytest.raises(ValueError, match=message):
        check(wall)


def test_no_assembly_has_more_bricks_than_there_is_room_for():
    with pytest.raises(ValueError, match="got 99 bricks, expected 1 to 24"):
        draw(np.random.default_rng(0), 99)
    with pytest.raises(ValueError, match="got 0 bricks"):
        draw(np.random.default_rng(0), 0)


def test_a_hand_holds_as_near_as_it_can_without_touching_the_brick_that_goes():
    beam = spots(np.array([0.0]), np.array([BEAM_HALF[0]]))
    assert beam == {1: pytest.approx(NEAREST), -1: pytest.approx(-NEAREST)}
    assert HALF[0] < NEAREST - PAD


def test_a_side_where_there_is_nothing_to_hold_has_no_place():
    ends_here = spots(np.array([-0.1]), np.array([0.11]))  # reaches from -0.21 to 0.01
    assert list(ends_here) == [-1]
