"""Where a person takes over from the robot: what the robot did is gone on from, and never learnt."""

from pathlib import Path

import numpy as np
import pytest

from xr0.checkpoints import folder
from xr0.data.drawing import Drawing
from xr0.data.samples import Place, Samples
from xr0.data.source import Source
from xr0.data.stats import summaries
from xr0.train.prefixes import PAPER, RELEASED, SYNC
from xr0_robot.record.lerobot_writer import LeRobotWriter
from xr0_robot.types import Camera, Embodiment, Segment

HORIZON = 5

BY_A_PERSON = (
    (True,) * 12,
    (True, True, False, False, False, True, True, True, True, False, False, True),
    (False,) * 12,
)
"""Who commands, by episode: always a person, by turns, never."""


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    joints = Segment("joints", "plain", "absolute", native=0, model=0, size=2)
    views = (Camera("base", "Base View", 32, 32),)
    arm = Embodiment("arm", 30.0, views, (joints,), 8, "base", "none", (joints,))
    root = tmp_path_factory.mktemp("data") / "corrected"
    with LeRobotWriter(root, arm, 30, "arm") as writer:
        for flags in BY_A_PERSON:
            for tick, by_a_person in enumerate(flags):
                image = {"base": np.zeros((32, 32, 3), np.uint8)}
                command = np.array([np.sin(tick), np.cos(tick)])
                writer.add_frame(image, np.zeros(2), command, "go", intervention=by_a_person)
            writer.save_episode()
    return Source.open(root, HORIZON, validation=(0,))


def test_windows_say_what_is_not_to_be_learnt(source):
    windows = source.windows(1, np.arange(12))
    assert windows.committed.tolist() == [0, 0, 3, 2, 1, 0, 0, 0, 0, 2, 1, 0]
    shown = ["".join("x" if seen else "." for seen in row) for row in windows.foreseen]
    assert shown == [
        "xx...",  # from here on the robot: nobody meant what comes then
        "x....",
        "...xx",
        "..xxx",
        ".xxxx",
        "xxxx.",
        "xxx..",
        "xx...",
        "x....",
        "..xxx",  # the last command stays
        ".xxxx",
        "xxxxx",
    ]
    assert source.windows(0, np.arange(12)).foreseen.all()
    assert (source.windows(2, np.arange(12)).committed == HORIZON).all()


@pytest.mark.parametrize(("committed", "frames"), [(0, 7), (1, 9), (2, 11), (3, 12), (6, 12)])
def test_only_frames_with_something_to_learn_are_drawn(source, committed, frames):
    drawing = Drawing.of(source, np.array([1, 2]), None, committed)
    rng = np.random.default_rng(0)
    places = {drawing.place(rng) for _ in range(400)}
    assert {episode for episode, _ in places} == {1}
    assert len(places) == frames
    assert max(source.windows(1, np.array([frame])).committed[0] for _, frame in places) <= committed


def test_without_a_person_there_is_nothing_to_learn(source):
    with pytest.raises(ValueError, match="all frames have the weight 0"):
        Drawing.of(source, np.array([2]), None, 6)


@pytest.fixture(scope="module")
def batch(source):
    processor = folder.load(Path(__file__).parents[2] / "checkpoints/tiny").processor
    stats = {name: summary.stats for name, summary in summaries([source]).items()}
    samples = Samples.of([source], stats, processor, 0, mix=lambda *_: 1 / 0, committed=6)
    return samples.batch([Place(0, 1, frame, seed, False) for seed, frame in enumerate((2, 4, 10))], 0)


def test_the_prefix_is_what_the_robot_did_and_is_not_mixed_with_anything(batch):
    assert batch.committed.tolist() == [3, 1, 1]
    for rule in (PAPER, RELEASED, SYNC):
        drawn = rule.prefixes(batch)
        assert drawn.lengths.tolist() == [3, 1, 1]
        assert not drawn.hidden.any()


def test_the_mask_shows_the_prefix_and_what_the_person_wanted(batch):
    shown = batch.action_mask[..., 0].tolist()
    assert shown == [[1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1]]


def test_nobody_is_imitated_beyond_a_change_of_who_commands(source):
    processor = folder.load(Path(__file__).parents[2] / "checkpoints/tiny").processor
    stats = {name: summary.stats for name, summary in summaries([source]).items()}
    samples = Samples.of([source], stats, processor, 0)
    row = samples.row(Place(0, 1, 7, 0, False))
    assert row.mask[:, 0].tolist() == [1, 1, 0, 0, 0]
    assert row.committed == 0
