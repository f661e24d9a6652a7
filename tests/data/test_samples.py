"""Samples depend on nothing but seed and index, mix as they are told to, and show what was recorded."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xr0.checkpoints import folder
from xr0.data.pixels import pixel_values
from xr0.data.samples import Place, Samples
from xr0.data.slices import Slices
from xr0.data.source import Source
from xr0.data.stats import summaries
from xr0.sizes import TINY_IMAGES
from xr0.transform.augment import Augmentation
from xr0_robot.record.lerobot_writer import LeRobotWriter
from xr0_robot.types import Camera, Embodiment, Segment

HORIZON = 4
TICKS = 12


def at(source, episode, frame, seed=1):
    return Place(source, episode, frame, seed, held_out=False)


def drawn(samples, indices, step):
    return samples.batch([samples.place(i) for i in indices], step)


def held_out(samples, count):
    return samples.batch([samples.apart(i) for i in range(count)], 0)


def robot(name, camera=(32, 32), model_dim=8):
    joints = Segment("joints", "plain", "chunk_start", native=0, model=0, size=2)
    turn = Segment("turn", "plain", "previous", native=2, model=2, size=1)
    views = (Camera("base", "Base View", *camera),)
    sensed = (joints, replace(turn, anchor="absolute"))
    return Embodiment(name, 30.0, views, (joints, turn), model_dim, "base", "none", sensed)


def joint(tick):
    return tick**2 / 100


def record(root, embodiment, episodes=4):
    """Joints that speed up, commands one tick ahead of them, turns of 0.1 (tick + 1); grey pictures."""
    with LeRobotWriter(root, embodiment, 30, embodiment.name) as writer:
        for episode in range(episodes):
            for tick in range(TICKS):
                state = np.array([episode + joint(tick)] * 2 + [0.0])
                action = np.array([episode + joint(tick + 1)] * 2 + [0.1 * (tick + 1)])
                images = {c.key: np.full((*c.size, 3), 10 * tick, np.uint8) for c in embodiment.cameras}
                writer.add_frame(images, state, action, f"do thing {episode}")
            writer.save_episode()
    return root


@pytest.fixture(scope="module")
def roots(tmp_path_factory):
    base = tmp_path_factory.mktemp("data")
    return record(base / "one", robot("arm")), record(base / "two", robot("other", (48, 64)), episodes=3)


@pytest.fixture(scope="module")
def processor():
    return folder.load(Path(__file__).parents[2] / "checkpoints/tiny").processor


def mixed(sources, processor, seed=0, **settings):
    stats = {name: summary.stats for name, summary in summaries(sources).items()}
    return Samples.of(sources, stats, processor, seed, **settings)


@pytest.fixture(scope="module")
def samples(roots, processor):
    return mixed([Source.open(roots[0], HORIZON), Source.open(roots[1], HORIZON + 2)], processor)


def test_a_sample_is_what_was_recorded(samples):
    row = samples.row(at(0, 2, 5))
    stats = samples.stats["arm"]
    shown = stats.unnormalize_actions(row.actions)
    np.testing.assert_allclose(shown[:, 0], [joint(5 + k) - joint(5) for k in (1, 2, 3, 4)], atol=1e-5)
    np.testing.assert_allclose(shown[:, 2], [0.6, 0.7, 0.8, 0.9], atol=1e-5)
    state = row.state * np.where(stats.state_std > 0, stats.state_std, 1) + stats.state_mean
    np.testing.assert_allclose(state[0, :3], [2.25, 2.25, 0.0], atol=1e-4)
    assert row.origin == "one, episode 2, frame 5"
    assert samples.instruction(at(0, 2, 5)) == "do thing 2"
    assert abs(np.mean(row.tokens.images) - 50) < 2
    np.testing.assert_array_equal(row.mask, stats.mask)


def test_what_actions_are_mixed_with_is_another_moment_of_the_same_data(samples):
    given = []

    def mix(actions, other, robot, seed):
        given.append((actions, other, robot.name, seed))
        return other

    place = at(0, 2, 5, seed=9)
    plain, row = samples.row(place), replace(samples, mix=mix).row(place)
    ((actions, other, name, seed),) = given
    stats = samples.stats["arm"]
    np.testing.assert_array_equal(stats.normalize_actions(actions), plain.actions)
    np.testing.assert_array_equal(stats.normalize_actions(other), row.actions)
    assert (name, seed) == ("arm", 9)
    chunks = [
        samples.row(at(0, e, f)).actions for e in samples.sources[0].training.tolist() for f in range(TICKS)
    ]
    assert any(np.array_equal(row.actions, chunk) for chunk in chunks)
    replace(samples, mix=mix).row(at(0, 2, 5, seed=10))
    assert not np.array_equal(given[0][1], given[1][1])


def test_behind_the_end_the_robot_stays(samples):
    shown = samples.stats["arm"].unnormalize_actions(samples.row(at(0, 1, TICKS - 2)).actions)
    to_the_end = [joint(TICKS + k) - joint(TICKS - 2) for k in (-1, 0, 0, 0)]
    np.testing.assert_allclose(shown[:, 0], to_the_end, atol=1e-5)
    np.testing.assert_allclose(shown[:, 2], [1.1, 1.2, 0.0, 0.0], atol=1e-5)


def test_a_batch_is_as_long_as_its_longest_robot_needs(samples):
    rows = [samples.row(at(0, 1, 0, 3)), samples.row(at(1, 1, 0, 2**63 - 1))]
    batch = samples.collate(rows, step=7)
    assert batch.actions.shape == batch.action_mask.shape == (2, HORIZON + 2, 8)
    assert not batch.action_mask[0, HORIZON:].any() and batch.action_mask[1, HORIZON:, :3].all()
    assert batch.seeds.tolist() == [3, 2**63 - 1]
    assert batch.state.shape == (2, 1, 8)


def flat(slices):
    """Every process's micro-batches of the first two steps, put together."""
    return [i for s in slices for k in range(2 * s.accumulate) for i in s.indices(k).tolist()]


@pytest.mark.parametrize(("processes", "accumulate"), [(1, 1), (2, 1), (1, 3), (2, 3), (6, 2)])
def test_the_same_samples_whatever_the_number_of_processes(processes, accumulate):
    slices = [Slices(12, accumulate, processes, rank) for rank in range(processes)]
    assert sorted(flat(slices)) == list(range(24))
    for one in slices:
        for k in range(2 * accumulate):
            assert set(one.indices(k) // 12) == {one.step(k)}


def test_a_batch_that_does_not_divide_is_refused():
    with pytest.raises(ValueError, match="got 10 samples a step, expected a multiple of 2 micro-batches x 3"):
        Slices(10, 2, 3)


def test_a_sample_does_not_depend_on_its_neighbours(samples):
    together, alone = drawn(samples, [3, 4, 5], 0), drawn(samples, [4], 0)
    assert together.origin[1] == alone.origin[0] and together.seeds[1] == alone.seeds[0]
    assert (together.actions[1, : alone.actions.shape[1]] == alone.actions[0]).all()
    assert together.shared_seed == alone.shared_seed != drawn(samples, [4], 1).shared_seed


def test_another_seed_draws_other_samples(samples):
    other = replace(samples, seed=1)
    assert [samples.place(i) for i in range(9)] == [samples.place(i) for i in range(9)]
    assert [samples.place(i) for i in range(9)] != [other.place(i) for i in range(9)]
    assert len({s.place(i).seed for s in (samples, other) for i in range(9)}) == 18


def shares(samples, count=400):
    places = [samples.place(i) for i in range(count)]
    return np.array([p.source for p in places]), places


def test_sources_are_drawn_by_frames_or_by_weight(samples, roots, processor):
    source, _ = shares(samples)
    assert abs(source.mean() - 2 / 5) < 0.08, "3 and 2 training episodes of one length"
    source, _ = shares(replace(samples, weights=np.array([1.0, 9.0])))
    assert abs(source.mean() - 0.9) < 0.05
    with pytest.raises(ValueError, match=r"weights: got \[1\.0\], expected 2 numbers above 0"):
        mixed(samples.sources, processor, weights=[1.0])


def test_held_out_episodes_are_never_trained_on(samples):
    _, places = shares(samples)
    trained = {(p.source, p.episode) for p in places}
    assert trained == {(k, int(e)) for k, s in enumerate(samples.sources) for e in s.training}
    held = held_out(samples, 20)
    assert held.origin == held_out(replace(samples, seed=5), 20).origin
    names = {f"{s.dataset.root.name}, episode {e}" for s in samples.sources for e in s.validation}
    assert {origin.rsplit(",", 1)[0] for origin in held.origin} == names


def test_frames_are_drawn_by_their_weight(roots, processor):
    source = Source.open(roots[0], HORIZON, validation=[0])

    def late(windows, embodiment):
        assert embodiment.name == "arm"
        return np.where(windows.frame == 8, 3.0, windows.frame == 9) * (windows.tasks[0] != "do thing 2")

    _, places = shares(mixed([source], processor, weigh=late))
    assert {(p.episode, p.frame) for p in places} == {(1, 8), (1, 9), (3, 8), (3, 9)}
    assert abs(np.mean([p.frame == 8 for p in places]) - 0.75) < 0.08
    assert abs(np.mean([p.episode == 1 for p in places]) - 0.5) < 0.08


def test_kept_pictures_train_the_same_samples_on_every_second_frame(roots, processor):
    source = Source.open(roots[1], HORIZON)
    samples = mixed([source.keeping(TINY_IMAGES, stride=2, workers=1)], processor)
    _, places = shares(samples, 200)
    assert {p.frame for p in places} == set(range(0, TICKS, 2))
    whole = mixed([source], processor).row(at(0, 1, 4))
    kept = samples.row(at(0, 1, 4))
    assert (kept.actions == whole.actions).all() and kept.tokens.ids == whole.tokens.ids
    pixels = (pixel_values(row.tokens.images, row.tokens.grids, TINY_IMAGES) for row in (kept, whole))
    np.testing.assert_allclose(*pixels, atol=0.03)


def test_augmentation_comes_from_the_samples_own_seed(samples):
    changed = replace(samples, augmentation=Augmentation())
    one, again, plain = drawn(changed, range(6), 0), drawn(changed, range(6), 3), drawn(samples, range(6), 0)
    assert (one.vlm.pixel_values == again.vlm.pixel_values).all()
    assert (one.vlm.pixel_values != plain.vlm.pixel_values).any()
    assert (held_out(changed, 3).vlm.pixel_values == held_out(samples, 3).vlm.pixel_values).all()


def test_two_robots_of_one_name_are_refused(roots, tmp_path, processor):
    one = Source.open(roots[0], HORIZON)
    turned = replace(robot("arm"), lower_case=True)
    other = Source.open(record(tmp_path / "three", turned, 2), HORIZON)
    with pytest.raises(ValueError, match=r"one and .*three have two different robots of the name arm"):
        summaries([one, other])
    with pytest.raises(ValueError, match="of robot arm: got horizons 4 and 5"):
        summaries([one, Source.open(roots[0], HORIZON + 1)])
    wide = Source.open(record(tmp_path / "wide", robot("wide", model_dim=9), 2), HORIZON)
    with pytest.raises(ValueError, match="robot wide has a model vector of 9 numbers, arm has 8"):
        summaries([one, wide])


def test_statistics_that_do_not_go_with_the_data_are_refused(samples, processor):
    with pytest.raises(ValueError, match=r"got robots \['other'\], none for arm"):
        Samples.of(samples.sources, {"other": samples.stats["other"]}, processor, 0)
    with pytest.raises(ValueError, match="windows of 6 ticks, the statistics of robot other cover 4"):
        Samples.of(samples.sources, {**samples.stats, "other": samples.stats["arm"]}, processor, 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rate_hz": 50.0}, "recorded at 30 Hz, embodiment arm runs at 50 Hz"),
        (
            {"sensed": None, "segments": robot("arm").segments[:1]},
            "state has 3 numbers, embodiment arm has 2",
        ),
        (
            {"cameras": (Camera("top", "Top", 9, 9),)},
            "no pictures of camera 'top', it has observation.images.b",
        ),
        ({"cameras": (Camera("base", "Base", 32, 9),)}, "'base' are 32 x 32, embodiment arm has 32 x 9"),
    ],
)
def test_data_of_another_robot_is_refused(roots, change, message):
    with pytest.raises(ValueError, match=message):
        Source.open(roots[0], HORIZON, replace(robot("arm"), **change))


def test_what_cannot_be_split_is_refused(roots, tmp_path):
    for named in ([], [4], [0, 1, 2, 3]):
        with pytest.raises(ValueError, match="expected some, not all, of 0 to 3"):
            Source.open(roots[0], HORIZON, validation=named)
    with pytest.raises(ValueError, match="got 1 episode, expected at least 2"):
        Source.open(record(tmp_path / "single", robot("arm"), 1), HORIZON)


def test_a_dataset_without_its_robot_says_so(tmp_path):
    root = record(tmp_path / "bare", robot("arm"), 2)
    (root / "meta/embodiment.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"no meta/embodiment\.json"):
        Source.open(root, HORIZON)
    assert Source.open(root, HORIZON, robot("arm")).embodiment.name == "arm"
    (root / "meta/embodiment.json").write_text(json.dumps(robot("arm").to_dict() | {"cameras": "wrong"}))
    with pytest.raises(ValueError, match=r"embodiment\.json: cameras: got str, expected a list"):
        Source.open(root, HORIZON)
