"""Open-loop error: known answers in known units, baselines that know what they were fitted to, intervals."""

import math
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from xr0.bench import open_loop, open_loop_plot
from xr0.bench.open_loop_baselines import Baselines
from xr0.bench.open_loop_errors import errors, interval, quantities, spreads
from xr0.data.source import Source
from xr0.policy import Policy, Request, Timing
from xr0_robot.record.lerobot_writer import LeRobotWriter
from xr0_robot.sims.bricks.embodiment import BRICKS
from xr0_robot.types import MODEL_DIM, Camera, Embodiment, Segment

HORIZON, LENGTH, DECAY = 6, 20, 0.8

JOINTS = Embodiment(
    name="toy",
    rate_hz=30.0,
    cameras=(Camera("base", "Base View", 32, 32),),
    segments=(
        Segment("arm", "plain", "chunk_start", native=0, model=0, size=2),
        Segment("belt", "plain", "previous", native=2, model=2, size=1),
    ),
    model_dim=MODEL_DIM,
    frame="base",
    gripper="none",
)


def demonstrate(start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """States and commands of an episode whose future is linear in its state: joints fall towards 0, each
    told where to be next; the belt moves as fast as the first joint stands."""
    joints = start * DECAY ** np.arange(LENGTH + 1)[:, None]
    state = np.concatenate([joints[:-1], np.zeros((LENGTH, 1))], axis=1)
    return state, np.concatenate([joints[1:], joints[:-1, :1]], axis=1)


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    """Five episodes; the last is evaluated and starts as the first does."""
    monkeypatch.setenv("XR0_CACHE", str(tmp_path / "cache"))
    starts = np.random.default_rng(0).uniform(0.5, 2.0, (4, 2))
    with LeRobotWriter(tmp_path / "set", JOINTS, 30, "toy") as writer:
        for start in (*starts, starts[0]):
            for state, action in zip(*demonstrate(start), strict=True):
                writer.add_frame({"base": np.zeros((32, 32, 3), np.uint8)}, state, action, "let it fall")
            writer.save_episode()
    return Source.open(tmp_path / "set", HORIZON, validation=[4])


class Teacher(Policy):
    """Answers what was demonstrated, `off` from it: it knows the state of every frame."""

    def __init__(self, off: Sequence[float] = (0.0, 0.0, 0.0)) -> None:
        self.off = np.array(off)
        self.checkpoint = SimpleNamespace(name="teacher", fingerprint="f")

    max_prefix = 4

    def infer_batch(self, requests: Sequence[Request]) -> tuple[list[np.ndarray], Timing]:
        self.prefixes = [request.prefix for request in requests]
        assert all(r.images["base"].shape == (32, 32, 3) for r in requests)
        told = [r.state[:2] * DECAY ** np.arange(HORIZON + 1)[:, None] for r in requests]
        chunks = [np.concatenate([joints[1:], joints[:-1, :1]], axis=1) for joints in told]
        return [chunk + self.off for chunk in chunks], Timing(0.0, 0.0, 0.0, 0.0, "eager")


def compared(source: Source, policy: Any, every: int = 1, prefix: int = 0) -> open_loop.Comparison:
    frames = open_loop.chosen_frames(source, every, 1000)
    return open_loop.compare(policy, source, frames, ("a", "b", "belt"), prefix, lambda count: None)


def test_errors_in_metres_degrees_and_strokes() -> None:
    down = np.array([0.1, 0.2, 0.3, np.pi, 0.0, 0.0, 1.0])
    told = down + np.array([0.01, -0.02, 0.0, 0.0, 0.0, 0.0, -0.25])
    told[3:6] = [np.pi / np.sqrt(2), np.pi / np.sqrt(2), 0.0]
    names = [f"n{k}" for k in range(7)]
    assert [(q.name, q.unit) for q in quantities(BRICKS, names)] == [
        ("n0", "m"),
        ("n1", "m"),
        ("n2", "m"),
        ("arm.pose turn", "deg"),
        ("n6", "stroke"),
    ]
    np.testing.assert_allclose(
        errors(told[None], down[None], BRICKS), [[0.01, 0.02, 0.0, 90.0, 0.25]], atol=1e-9
    )
    gripper = Segment("hand", "gripper", "absolute", native=0, model=6, size=1, closed=80.0, open=0.0)
    hand = Embodiment("hand", 30.0, (), (gripper,), MODEL_DIM, "none", "80 is closed")
    assert quantities(hand, ["width"])[0].unit == "stroke"
    assert [q.name for q in quantities(JOINTS, ["j", "j", "belt"])] == ["j [0]", "j [1]", "belt"]
    assert errors(np.array([60.0]), np.array([40.0]), hand) == pytest.approx([0.25])


def test_the_spread_of_rotations_is_an_angle_from_their_mean() -> None:
    """A gripper that points down sits where axis-angles jump from pi to minus pi."""
    tilt = np.radians(170.0)
    turns = np.array([[tilt, 0, 0], [-tilt, 0, 0]] * 10)
    shown = np.concatenate([np.zeros((20, 3)), turns, np.ones((20, 1))], axis=1)
    shown[:, 0] = np.tile([0.3, 0.5], 10)
    np.testing.assert_allclose(spreads(shown, BRICKS), [0.1, 0.01, 0.01, 10.0, 0.01], atol=1e-6)


def test_an_interval_knows_that_frames_of_a_block_are_alike() -> None:
    rng = np.random.default_rng(1)
    level = np.repeat(rng.normal(1.0, 0.5, 20), 50)[:, None]
    counts = np.ones(1000, int)
    mean, low, high = interval(level, counts, np.arange(0, 1000, 50))
    _, naive_low, naive_high = interval(level, counts, np.arange(1000))
    assert mean == pytest.approx(level.mean())
    assert high - low == pytest.approx(2 * 1.96 * level.std() / np.sqrt(20), rel=0.2)
    assert naive_high - naive_low < (high - low) / 4
    for value in interval(np.full((6, 1), 3.0), np.full(6, 2), np.array([0, 3])):
        assert value == pytest.approx(1.5)


def test_a_policy_that_does_what_was_shown_has_no_error_and_what_it_adds_is_found(source: Source) -> None:
    exact = open_loop.report(compared(source, Teacher()))
    assert exact["normalised"]["policy"]["mean"]["value"] == pytest.approx(0.0, abs=1e-6)
    off = open_loop.report(compared(source, Teacher([0.1, -0.3, 0.0])))
    assert off["errors"]["a"]["policy"]["mean"]["value"] == pytest.approx(0.1, abs=1e-6)
    assert off["errors"]["b"]["policy"]["at"]["5"]["value"] == pytest.approx(0.3, abs=1e-6)
    expected = (0.1 / off["spread"]["a"] + 0.3 / off["spread"]["b"]) / 3
    assert off["normalised"]["policy"]["mean"]["value"] == pytest.approx(expected, rel=1e-5)
    ridge = off["normalised"]["ridge"]["mean"]["value"]
    assert off["policy_less"]["ridge"]["value"] == pytest.approx(expected - ridge, rel=1e-5)
    assert list(off["normalised"]["policy"]["at"]) == ["1", "5"]


def test_behind_an_episode_s_end_nothing_is_counted(source: Source) -> None:
    """There the robot stays, which this policy does not know."""
    comparison = compared(source, Teacher())
    assert comparison.errors[-1, 0, 1:].max() > 0
    assert comparison.shown.sum(axis=1)[-3:].tolist() == [3, 2, 1]
    found = open_loop.report(comparison)
    assert found["normalised"]["policy"]["by_tick"] == pytest.approx([0.0] * HORIZON, abs=1e-6)


def test_baselines_know_what_they_were_fitted_to(source: Source) -> None:
    state, command = demonstrate(np.random.default_rng(0).uniform(0.5, 2.0, (4, 2))[0])
    told = Baselines.fit(source).chunks(4, 3, prefix=0)
    shown = command[3 : 3 + HORIZON]
    np.testing.assert_allclose(told["nearest"], shown, atol=1e-6)
    np.testing.assert_allclose(told["ridge"], shown, atol=0.01)
    np.testing.assert_allclose(told["hold"], [[*command[2, :2], 0.0]] * HORIZON, atol=1e-6)
    episodes = [demonstrate(s) for s in np.random.default_rng(0).uniform(0.5, 2.0, (4, 2))]
    first = np.mean([c[:, :2] - s[:, :2] for s, c in episodes], axis=(0, 1))
    np.testing.assert_allclose(told["mean"][0, :2], state[3, :2] + first, atol=1e-5)
    assert 0 < np.abs(told["mean"] - shown).max() < 1.0


def test_a_prefix_is_known_to_all_and_judged_for_none(source: Source) -> None:
    _, command = demonstrate(np.random.default_rng(0).uniform(0.5, 2.0, (4, 2))[0])
    held = Baselines.fit(source).chunks(4, 3, prefix=2)["hold"]
    np.testing.assert_allclose(held, [[*command[4, :2], 0.0]] * HORIZON, atol=1e-6)
    teacher = Teacher([0.1, 0.0, 0.0])
    comparison = compared(source, teacher, prefix=2)
    assert not comparison.shown[:, :2].any()
    assert comparison.shown[0, 2:].all()
    assert [len(prefix) for prefix in teacher.prefixes if prefix is not None] == [2] * len(teacher.prefixes)
    found = open_loop.report(comparison)
    assert found["errors"]["a"]["policy"]["mean"]["value"] == pytest.approx(0.1, abs=1e-6)
    assert list(found["normalised"]["policy"]["at"]) == ["5"]
    ticks = found["normalised"]["policy"]["by_tick"]
    assert [math.isnan(value) for value in ticks] == [True, True] + [False] * (HORIZON - 2)
    with pytest.raises(ValueError, match="prefix: got 5 ticks, expected 0 to 4"):
        compared(source, teacher, prefix=5)


def test_baselines_do_not_see_the_evaluated_episodes(source: Source) -> None:
    assert set(Baselines.fit(source).places[:, 0]) == {0, 1, 2, 3}


def test_frames_are_spread_over_the_evaluated_episodes_and_bounded(source: Source) -> None:
    assert open_loop.chosen_frames(source, 5, 100) == [(4, 1), (4, 6), (4, 11), (4, 16)]
    few = open_loop.chosen_frames(source, 1, 4)
    assert few == [(4, 1), (4, 7), (4, 13), (4, 19)]


def test_intervals_are_over_blocks_where_there_are_few_episodes(source: Source) -> None:
    comparison = compared(source, Teacher())
    assert comparison.blocks == "blocks of 12 ticks"
    assert comparison.starts.tolist() == [0, 11]
    many = [(episode, frame) for episode in range(12) for frame in (1, 2)]
    assert open_loop._blocks(many, 6)[0].tolist() == list(range(0, 24, 2))


def test_a_report_is_drawn_and_told(source: Source, tmp_path: Path) -> None:
    found = open_loop.report(compared(source, Teacher([0.1, 0.0, 0.0]), every=4))
    told = "\n".join(open_loop.lines(found))
    assert "policy" in told
    assert "belt" in told
    open_loop_plot.save(found, 30.0, tmp_path / "plot.png", "teacher on toy")
    with Image.open(tmp_path / "plot.png") as picture:
        assert len(np.unique(np.asarray(picture.convert("L")))) > 10
