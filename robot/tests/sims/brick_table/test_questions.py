import json
import re

import numpy as np
import pytest

from xr0_robot.sims.brick_table import layout, questions, tasks
from xr0_robot.sims.brick_table.expert import Expert, truth

SEEDS = range(3)
TICKS = (0, 30, 50, 90)
COLOUR = "(red|green|blue|yellow)"


def moments(env, seed):
    """Stop at some ticks of the expert's episode."""
    env.reset(seed)
    expert = Expert(env)
    for tick in range(max(TICKS) + 1):
        if tick in TICKS:
            yield tick
        env.apply(env.bring(expert.act(truth(env))))


def colour_names(pixels):
    """The brick colour that each RGB pixel [..., 3] shows, '' for none: by which channels stand out."""
    r, g, b = np.moveaxis(pixels.astype(float), -1, 0)
    strong = pixels.max(axis=-1) > 1.7 * pixels.min(axis=-1) + 12
    yellow = (np.minimum(r, g) > 1.7 * b + 12) & (g > 0.6 * r)
    names = np.array(["red", "green", "blue"])[np.argmax(pixels, axis=-1)]
    return np.where(yellow, "yellow", np.where(strong, names, ""))


def at(image, thousandths):
    """The colours at a place and beside it: the edge of a finger may run through a pixel."""
    width, height = image.shape[1::-1]
    x, y = (int(value * side / 1000) for value, side in zip(thousandths, (width, height), strict=True))
    return set(colour_names(image[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]).ravel().tolist())


def test_the_same_rng_asks_the_same(env):
    env.reset(3)
    first, second, other = (questions.ask(env, np.random.default_rng(k)) for k in (1, 1, 2))
    assert first == second != other
    assert len(first) > 10


@pytest.mark.sim
@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_pointed_at_has_the_colour_that_is_named(table, seed):
    """Also that nothing hidden is asked about: the arm's pixel would have no colour."""
    pointed = 0
    for tick in moments(table, seed):
        images = table.observe("look", 0.0).images
        for camera, question, answer in questions.ask(table, np.random.default_rng(tick)):
            said = re.search(rf"{COLOUR} brick", answer)
            if "point_2d" in answer and said:
                assert said[1] in at(images[camera], json.loads(answer)["point_2d"])
            elif " at [" in question:
                place = json.loads(re.search(r"\[.*\]", question)[0])
                assert answer.lower().rstrip(".") in at(images[camera], place)
            else:
                continue
            pointed += 1
    assert pointed > 20


@pytest.mark.sim
@pytest.mark.parametrize("seed", SEEDS)
def test_a_box_is_the_bricks_blob_in_the_picture(env, seed):
    env.reset(seed)
    image = colour_names(env.observe("look", 0.0).images["base"])
    for colour in filter(lambda colour: questions.shown(env, "base", colour), tasks.COLOURS):
        rows, columns = np.nonzero(image == colour)
        blob = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        np.testing.assert_allclose(np.array(questions.box(env, "base", colour)) * 0.128, blob, atol=1.5)


def test_answers_about_relations_agree_with_the_truth(env):
    seen = set()
    for seed in range(40):
        env.reset(seed)
        positions = env.object_positions()
        for _, question, answer in questions.ask(env, np.random.default_rng(seed)):
            if match := re.match(rf"Is the {COLOUR} .*(left|right) of the {COLOUR}", question):
                a, side, b = match.groups()
                leftmost = positions[a][1] > positions[b][1]
                assert answer == ("Yes." if leftmost == (side == "left") else "No.")
            elif match := re.search(r"(?:nearest|closest) to the (left|right)", question):
                centre = next(bin_.centre for bin_ in layout.BINS if bin_.name == match[1])
                way = {c: np.linalg.norm(positions[c][:2] - centre) for c in tasks.COLOURS}
                assert answer == f"{min(way, key=way.get).capitalize()}."
            else:
                continue
            seen.add((match.lastindex, answer))
    assert {(3, "Yes."), (3, "No."), (1, "Red."), (1, "Blue.")} <= seen


def test_answers_about_bins_and_hands_agree_with_the_truth(env):
    seen = set()
    for seed in range(12):
        for _ in moments(env, seed):
            inside = {
                side: [n for n in env.object_positions() if env.bin_of(n) == side] for side in tasks.SIDES
            }
            for _, question, answer in questions.ask(env, np.random.default_rng(seed)):
                if question in questions.EMPTY:
                    empty = [side for side in tasks.SIDES if not inside[side]]
                    assert answer == ("Neither.", f"The {' '.join(empty)} bin.", "Both.")[len(empty)]
                elif question in questions.COUNT:
                    bricks = sum(env.bin_of(colour) is None for colour in tasks.COLOURS)
                    assert answer == f"{questions.NUMBERS[bricks]}."
                elif question in questions.HELD and answer != "Nothing.":
                    assert answer == f"The {env.target.colour} brick."
                else:
                    continue
                seen.add(answer)
    assert {"Both.", "The left bin.", "The right bin.", "Three.", "Four.", "The red brick."} <= seen


@pytest.mark.sim
def test_a_box_in_the_wrist_view_ends_with_the_picture(env):
    for seed in SEEDS:
        for _ in moments(env, seed):
            for colour in filter(lambda colour: questions.shown(env, "wrist", colour), tasks.COLOURS):
                x1, y1, x2, y2 = questions.box(env, "wrist", colour)
                assert 0 <= x1 < x2 <= 1000
                assert 0 <= y1 < y2 <= 1000
