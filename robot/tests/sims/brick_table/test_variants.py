"""Each variant changes one thing beyond training, drawn by the seed alone."""

import re

import numpy as np
import pytest

from xr0_robot.sims import shades
from xr0_robot.sims.brick_table import layout, questions, sorting, tasks
from xr0_robot.sims.brick_table.expert import Expert, truth
from xr0_robot.sims.brick_table.sorting import NEW_WORDS, REORDERED, Sorting, SortingFamily
from xr0_robot.sims.bricks.variants import VARIANTS
from xr0_robot.sims.bricks.world import open_table
from xr0_robot.worlds import WORLDS

SEEDS = (600_000, 600_001, 600_002)


@pytest.fixture(scope="module")
def worlds(env):
    opened = {name: open_table(name) for name in VARIANTS if name != "trained"}
    yield {"trained": env} | opened
    for world in opened.values():
        world.close()


def look(env):
    model = env.model
    colours = [model.geom(name).rgba[:3] for name in (*tasks.COLOURS, "table", "can")]
    lamp = [model.light("lamp").pos, model.light("lamp").diffuse, model.vis.headlight.ambient]
    return np.array([*colours, *lamp])


def cameras(env):
    return np.hstack([env.model.cam_pos, env.model.cam_quat])


def words(*sentences):
    return set(re.findall(r"[a-z]+", " ".join(sentences).lower()))


def test_the_variants_are_those_that_can_be_asked_for():
    assert VARIANTS.keys() == WORLDS["bricks"].keys()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_variant_changes_its_own_thing_and_nothing_else(worlds, seed):
    seen = {}
    for name, world in worlds.items():
        sentence = world.reset(seed)
        places = {thing: world.object_positions()[thing].tobytes() for thing in tasks.COLOURS}
        meaning = (world.target.colour, world.target.place)
        seen[name] = {
            "sentence": sentence,
            "meaning": meaning,
            "places": places,
            "look": look(world).tobytes(),
            "cameras": cameras(world).tobytes(),
            "things": world.model.nbody,
        }
    expected = {
        "trained": set(),
        "moved": set(),
        "sentences": {"sentence"},
        "light": {"look"},
        "camera": {"cameras"},
    }
    changed = {
        name: {key for key, value in episode.items() if value != seen["trained"][key]}
        for name, episode in seen.items()
    }
    six = changed.pop("six")
    assert changed == expected
    assert "things" in six and not six & {"sentence", "meaning", "cameras"}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_seed_decides_all_of_a_variant_whatever_came_before(worlds, name):
    world = worlds[name]

    def episode(seed):
        return world.reset(seed), world.state().tobytes(), look(world).tobytes(), cameras(world).tobytes()

    first, _, again = episode(600_010), episode(600_011), episode(600_010)
    assert first == again


def test_the_sentences_are_unseen_and_understood_and_their_words_are_as_said():
    unseen = VARIANTS["sentences"].wordings
    assert len(set(unseen)) == len(unseen) >= 8
    assert not set(unseen) & set(sorting.WORDINGS)
    for wording in unseen:
        sentence = wording.format(colour="red", side="left")
        assert SortingFamily().parse(sentence) == Sorting("red", "left", sentence)
    trained = words(*sorting.WORDINGS)
    kinds = (getattr(questions, kind) for kind in vars(questions) if kind.isupper())
    asked = words(*(text for kind in kinds if isinstance(kind, tuple) for text in kind))
    assert words(*REORDERED) <= trained
    assert all(words(wording) - trained - asked for wording in NEW_WORDS)


@pytest.mark.parametrize("unseen", VARIANTS["light"].looks)
def test_light_and_shades_lie_outside_the_ranges_of_training(unseen):
    for name in ("hue", "saturation", "value", "table", "brightness", "ambient", "headlight"):
        (low, high), (trained_low, trained_high) = getattr(unseen, name), getattr(shades.TRAINED, name)
        assert low < high
        assert high < trained_low or low > trained_high, name
    away = np.abs(np.subtract(unseen.lamp, shades.TRAINED.lamp))
    assert (away > np.add(unseen.lamp_spread, shades.TRAINED.lamp_spread)).any()


def test_cameras_stray_as_far_as_said(worlds):
    world, displaced = worlds["camera"], VARIANTS["camera"].displaced
    for seed in SEEDS:
        worlds["trained"].reset(seed)
        world.reset(seed)
        home, now = cameras(worlds["trained"]), cameras(world)
        for name, by in displaced.items():
            k = world.model.cam(name).id
            shift = np.linalg.norm(now[k, :3] - home[k, :3])
            turn = 2 * np.degrees(np.arccos(min(1.0, abs(now[k, 3:] @ home[k, 3:]))))
            assert by.shift_m[0] - 1e-9 <= shift <= by.shift_m[1] + 1e-9
            assert by.turn_deg[0] - 1e-6 <= turn <= by.turn_deg[1] + 1e-6


def test_six_bricks_find_places_and_the_named_one_is_still_brought(worlds):
    bricks = VARIANTS["six"].bricks
    for seed in range(600_000, 600_100):
        places, present = layout.lay(np.random.default_rng(seed), bricks)
        on_table = [p for name, p in places.items() if p.x < 0.5 and (p.x > 0 or name in present)]
        centres = np.array([(p.x, p.y) for p in on_table])
        distance = np.linalg.norm(centres[:, None] - centres[None], axis=-1) + np.eye(len(centres))
        assert len(places) == 9 and distance.min() >= layout.SPACING
    world = worlds["six"]
    world.reset(600_003)
    expert = Expert(world)
    while not world.success() and world.tick < 240:
        world.apply(expert.act(truth(world)))
    assert world.success()
