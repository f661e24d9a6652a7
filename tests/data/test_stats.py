"""Statistics have known answers, leave padding out, and change their fingerprint with the data."""

import numpy as np
import pytest

from xr0.data.moments import STD_FLOOR
from xr0.data.stats import statistics

N, T, D = 400, 5, 4


@pytest.fixture
def chunks():
    rng = np.random.default_rng(0)
    actions = np.zeros((N, T, D))
    actions[..., 0] = rng.normal(size=(N, T)) * np.arange(1, T + 1) + 3.0
    actions[..., 1] = rng.normal(size=(N, T)) * STD_FLOOR / 10  # used, hardly moving
    return actions, np.zeros((N, T), bool), actions[:, 0] * 2.0


def test_mean_and_std_per_tick(chunks):
    actions, pad, states = chunks
    got = statistics(actions, pad, states, "data")
    np.testing.assert_allclose(got.action_mean, actions.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(got.action_std[:, 0], actions[..., 0].std(axis=0), rtol=1e-5)
    np.testing.assert_allclose(got.state_std[0], states[:, 0].std(), rtol=1e-5)
    assert (got.action_mean.dtype, got.action_std.shape, got.state_mean.shape) == (np.float32, (T, D), (D,))


def test_a_still_slot_gets_the_floor_and_an_unused_one_zero(chunks):
    got = statistics(*chunks, "data")
    assert (got.action_std[:, 1] == np.float32(STD_FLOOR)).all()
    assert (got.action_std[:, 2:] == 0).all() and (got.state_std[2:] == 0).all()


def test_padded_ticks_count_for_nothing(chunks):
    actions, pad, states = chunks
    pad[100:, 3:] = True
    spoiled = np.where(pad[..., None], 1e6, actions)
    got = statistics(spoiled, pad, states, "data")
    np.testing.assert_allclose(got.action_mean[3:], actions[:100, 3:].mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(got.action_std[3:, 0], actions[:100, 3:, 0].std(axis=0), rtol=1e-5)


def test_fingerprint_covers_dataset_and_numbers(chunks):
    actions, pad, states = chunks
    first = statistics(actions, pad, states, "data").fingerprint
    assert statistics(actions, pad, states, "data").fingerprint == first
    assert statistics(actions, pad, states, "other data").fingerprint != first
    assert statistics(actions * 1.01, pad, states, "data").fingerprint != first


def test_bad_input_is_refused(chunks):
    actions, pad, states = chunks
    with pytest.raises(ValueError, match=r"got actions \(400, 5, 4\), pad \(400, 4\)"):
        statistics(actions, pad[:, 1:], states, "data")
    with pytest.raises(ValueError, match="no chunk has an action at tick 4 of 5"):
        statistics(actions, pad | (np.arange(T) == 4), states, "data")
    with pytest.raises(ValueError, match="NaN or infinity"):
        statistics(actions, pad, states * np.nan, "data")
