"""A prefix of another moment's motion tells where the seam is, and little of the demonstration behind it."""

from dataclasses import replace

import numpy as np
import pytest

from xr0.config import WINDOWED
from xr0.train import bridge
from xr0_robot.types import Camera, Embodiment, Segment

ARM = Segment("arm", "pose", "chunk_start", native=0, model=0, size=6)
HAND = Segment("hand", "gripper", "absolute", native=6, model=6, size=1, closed=0.0, open=1.0)
ROBOT = Embodiment("robot", 30.0, (Camera("front", "Front View", 64, 64),), (ARM, HAND), 8, "base", "hand")
T = 30


def smooth(seed: int) -> np.ndarray:
    """A chunk [t, 8]; slot 7 is unused."""
    rng = np.random.default_rng(seed)
    out = np.zeros((T, 8))
    out[:, :6] = np.cumsum(rng.normal(size=6) * 0.01 + rng.normal(size=(T, 6)) * 0.001, axis=0)
    out[:, 6] = rng.integers(0, 2)
    return out


@pytest.fixture(params=range(1, WINDOWED.max_prefix + 1))
def n(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture(params=(0.3, 1.0))
def s(request: pytest.FixtureRequest) -> float:
    return request.param


def seeds_of(length: int) -> list[int]:
    return [seed for seed in range(300) if bridge.length(seed, T) == length]


def test_no_prefix_changes_nothing() -> None:
    a = smooth(1)
    assert all(bridge.bridge(a, smooth(2), ROBOT, seed) is a for seed in seeds_of(0))


def test_shares_are_drawn_apart_from_lengths() -> None:
    still, line = np.zeros((T, 8)), np.outer(np.arange(T), np.ones(8))
    shares = [bridge.bridge(still, line, ROBOT, seed)[1, 0] for seed in seeds_of(4)]
    assert min(shares) < 0.2
    assert max(shares) > 0.8


def test_a_prefix_that_does_not_stray_is_demonstrated(n: int) -> None:
    a = smooth(1)
    out = bridge.stray(a, smooth(2), ROBOT, n, 0.0)
    assert np.allclose(out[:, :6], a[:, :6], atol=1e-12)
    assert np.allclose(out[n:], a[n:], atol=1e-12)


def test_one_that_strays_altogether_moves_as_the_other_and_says_nothing_else(n: int) -> None:
    a, other = smooth(1), smooth(2)
    out = bridge.stray(a, other, ROBOT, n, 1.0)
    assert np.allclose(np.diff(out[:n, :6], axis=0), np.diff(other[:n, :6], axis=0))
    assert np.array_equal(out[0, :6], a[0, :6])
    assert np.array_equal(out[:n, 6], other[:n, 6])


def test_what_follows_is_the_demonstration_later_by_what_was_lost(n: int, s: float) -> None:
    a = np.outer(np.arange(T), np.ones(8)) * 0.01
    out = bridge.stray(a, smooth(2), ROBOT, n, s)
    w = ROBOT.dt / bridge.RETURN_S
    lost = s * ((n - 1) + sum(np.exp(-w * j) for j in range(1, 200)))
    assert np.allclose(out[-1], (T - 1 - lost) * 0.01, atol=1e-4)


def test_the_seam_is_met_in_place_and_velocity(s: float) -> None:
    """With ticks of next to no time, all goes on behind the seam as straight as before it."""
    fast = replace(ROBOT, rate_hz=300_000.0)
    a, other = (np.outer(np.arange(T), np.full(8, step)) for step in (0.03, 0.01))
    out = bridge.stray(a, other, fast, 6, s)
    assert np.allclose(np.diff(out[:12, :6], axis=0), (1 - s) * 0.03 + s * 0.01, rtol=0.01)


def test_the_way_back_is_the_critically_damped_one() -> None:
    still, other = np.zeros((T, 8)), np.outer(np.arange(T), np.ones(8)) * 0.01
    out = bridge.stray(still, other, ROBOT, 3, 1.0)
    w = (1 / 30) / bridge.RETURN_S
    for j in (1, 4, 20):
        assert out[2 + j, 0] == pytest.approx((0.02 + (0.01 + w * 0.02) * j) * np.exp(-w * j))


def test_motions_are_not_made_up_for(n: int) -> None:
    moved = replace(ARM, anchor="previous")
    still, other = np.zeros((T, 8)), smooth(2)
    out = bridge.stray(still, other, replace(ROBOT, segments=(moved, HAND)), n, 0.5)
    assert np.allclose(out[:n, :6], 0.5 * other[:n, :6])
    assert np.array_equal(out[n:], still[n:])


def test_one_tick_of_a_short_horizon_stays() -> None:
    assert {bridge.length(seed, 3) for seed in range(100)} == {0, 1, 2}
    assert {bridge.length(seed, 1) for seed in range(20)} == {0}
    assert np.isfinite(bridge.stray(np.ones((2, 8)), smooth(2)[:2], ROBOT, 1, 0.7)).all()
