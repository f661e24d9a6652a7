"""A prefix of another moment's motion tells where the seam is, and nothing of the demonstration behind it."""

from dataclasses import replace

import numpy as np
import pytest

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


def seed_of(length: int) -> int:
    return next(seed for seed in range(1000) if bridge.length(seed, T) == length)


@pytest.fixture(params=range(1, bridge.LONGEST + 1))
def length(request: pytest.FixtureRequest) -> int:
    return request.param


def test_no_prefix_changes_nothing() -> None:
    a = smooth(1)
    assert np.array_equal(bridge.bridge(a, smooth(2), ROBOT, seed_of(0)), a)


def test_the_prefix_moves_as_the_other_and_begins_where_it_was_demonstrated(length: int) -> None:
    a, other = smooth(1), smooth(2)
    out = bridge.bridge(a, other, ROBOT, seed_of(length))
    assert np.allclose(np.diff(out[:length, :6], axis=0), np.diff(other[:length, :6], axis=0))
    assert np.array_equal(out[0, :6], a[0, :6])
    assert np.array_equal(out[:length, 6], other[:length, 6])


def test_what_follows_ends_on_the_demonstration(length: int) -> None:
    a = smooth(1)
    out = bridge.bridge(a, smooth(2), ROBOT, seed_of(length))
    apart = np.abs(out - a)[:, :6].max(axis=1)
    assert apart[-1] < 0.01 * max(apart.max(), 1e-9)
    assert np.array_equal(out[length:, 6:], a[length:, 6:])


def test_the_seam_is_met_in_place_and_velocity() -> None:
    """With ticks of next to no time, what is added behind the seam goes on as straight as before it."""
    fast = replace(ROBOT, rate_hz=300_000.0)
    still, other = np.zeros((T, 8)), np.outer(np.arange(T), np.ones(8)) * 0.01
    out = bridge.bridge(still, other, fast, seed_of(6))
    assert np.allclose(np.diff(out[:12, :6], axis=0), 0.01, rtol=0.01)


def test_the_way_back_is_the_critically_damped_one() -> None:
    still, other = np.zeros((T, 8)), np.outer(np.arange(T), np.ones(8)) * 0.01
    out = bridge.bridge(still, other, ROBOT, seed_of(3))
    w = (1 / 30) / bridge.RETURN_S
    for j in (1, 4, 20):
        assert out[2 + j, 0] == pytest.approx((0.02 + (0.01 + w * 0.02) * j) * np.exp(-w * j))


def test_motions_are_not_made_up_for() -> None:
    moved = replace(ARM, anchor="previous")
    a, other, n = smooth(1), smooth(2), 4
    out = bridge.bridge(a, other, replace(ROBOT, segments=(moved, HAND)), seed_of(n))
    assert np.array_equal(out[:n, :6], other[:n, :6])
    assert np.array_equal(out[n:], a[n:])


def test_one_tick_of_a_short_horizon_stays() -> None:
    assert {bridge.length(seed, 3) for seed in range(100)} == {0, 1, 2}
    assert {bridge.length(seed, 1) for seed in range(20)} == {0}
