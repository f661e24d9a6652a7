"""Edges: what is asked, what counts as done, and that it can be done."""

from itertools import product

import numpy as np
import pytest

from xr0_robot.sims.brick_table.expert import begin
from xr0_robot.sims.brick_table.questions import ask
from xr0_robot.sims.brick_table.tasks import COLOURS, SIDES
from xr0_robot.sims.brick_table.world import scored
from xr0_robot.sims.edges.family import SPOTS, WORDINGS, Edge, EdgeFamily
from xr0_robot.sims.edges.world import open_table
from xr0_robot.sims.measure import run

FAMILY = EdgeFamily()
SENTENCE = "lay the red brick at the left edge of the table"


def test_every_wording_of_every_task_is_understood():
    for colour, side, wording in product(COLOURS, SIDES, WORDINGS):
        sentence = wording.format(colour=colour, side=side)
        assert FAMILY.parse(sentence) == Edge(colour, f"{side} edge", sentence)


def test_sampling_reaches_everything_and_another_means_something_else():
    rng = np.random.default_rng(0)
    drawn = [FAMILY.sample(rng, WORDINGS) for _ in range(2000)]
    assert len({task.instruction for task in drawn}) == 8 * len(WORDINGS)
    for task in drawn[:100]:
        other = FAMILY.another(task, rng, WORDINGS)
        assert (other.colour, other.place) != (task.colour, task.place)
        assert FAMILY.parse(other.instruction) == other


@pytest.mark.parametrize(
    "sentence", ["lay the red brick at the edge", "the red and the blue brick to the left"]
)
def test_what_cannot_be_scored_is_refused_with_the_valid_words(sentence):
    with pytest.raises(
        ValueError, match="expected exactly one of red, green, blue, yellow and one of left, right"
    ):
        FAMILY.parse(sentence)


@pytest.mark.parametrize(
    ("colour", "offset", "fulfilled"),
    [
        ("red", (0.0, 0.0), True),
        ("red", (0.05, -0.04), True),
        ("red", (0.07, 0.0), False),
        ("red", (0.0, 0.05), False),
        ("blue", (0.0, 0.0), False),
    ],
)
def test_success_is_the_named_brick_at_rest_at_the_named_edge(edges, colour, offset, fulfilled):
    edges.reset(4, SENTENCE)
    assert not edges.success()
    edges.move_brick(colour, np.add(SPOTS["left edge"], offset))
    still = edges.bring(edges.tool())
    for _ in range(15):
        edges.apply(still)
    assert edges.success() is fulfilled
    assert not edges.fulfilled("lay the red brick at the right edge of the table")


def test_a_brick_held_above_the_spot_is_not_there_yet(edges):
    edges.reset(4, SENTENCE)
    edges.move_brick("red", np.array(SPOTS["left edge"]))
    edges.data.joint("red").qpos[2] += 0.05
    assert not edges.target.done(edges)


def test_both_spots_are_in_the_overview_and_no_brick_lies_there_at_reset(edges):
    for spot in SPOTS.values():
        u, v = edges.project(edges.overview, np.array([*spot, 0.01]))
        height, width = edges.view(edges.overview).size
        assert 0.05 * width < u < 0.95 * width and 0.05 * height < v < 0.95 * height
    for seed in range(5):
        edges.reset(seed)
        assert not any(edges.fulfilled(f"{c} {s}") for c, s in product(COLOURS, SIDES))


def test_questions_point_at_no_bin_where_an_edge_is_meant(edges):
    edges.reset(4, SENTENCE)
    for seed in range(20):
        for _, question, answer in ask(edges, np.random.default_rng(seed)):
            assert not ("edge" in question and "bin" in answer)


def test_it_is_done_although_the_brick_is_moved():
    table = open_table("moved")
    assert run(scored(table), 700_003, lambda: begin(table))["success"]
    assert table.perturbed_tick is not None
    table.close()
