"""Statistics have known answers, leave padding out, and change their fingerprint with the data."""

import json

import numpy as np
import pytest

from xr0.data.moments import STD_FLOOR, Moments, floored
from xr0.data.robots import encoded
from xr0.data.source import Source
from xr0.data.stats import summaries
from xr0.data.summary import Summary
from xr0.transform.normalize import Stats
from xr0_robot.types import Camera, Embodiment, Segment

HORIZON = 6

EMBODIMENT = Embodiment(
    name="toy",
    rate_hz=30.0,
    cameras=(Camera("base", "Base View", 48, 64),),
    segments=(Segment("joints", "plain", "chunk_start", native=0, model=0, size=3),),
    model_dim=4,
    frame="base",
    gripper="none",
)


def statistics(actions, pad, states):
    """The slow twin: all windows [n, t, d] and states [n, s] at once, without the ticks behind an end."""
    shown = np.where(pad[..., None], np.nan, actions)
    arrays = (
        np.nanmean(shown, axis=0),
        floored(np.nanstd(shown, axis=0)),
        states.mean(0),
        floored(states.std(0)),
    )
    return Stats(*(array.astype(np.float32) for array in arrays), fingerprint="twin")


def test_a_still_slot_gets_the_floor_and_an_unused_one_zero():
    np.testing.assert_array_equal(floored(np.array([0.5, STD_FLOOR / 10, 0.0])), [0.5, STD_FLOOR, 0.0])


@pytest.fixture
def sources(make_dataset):
    """Two looks at one recording, as if it were two datasets of a robot."""
    return [Source.open(make_dataset((9, 30, 4, 17)).root, HORIZON, EMBODIMENT)] * 2


def all_windows(source):
    blocks = [source.windows(e, np.arange(n)) for e, n in enumerate(source.dataset.episodes.length)]
    state, actions, pad = (
        np.concatenate([getattr(b, name) for b in blocks]) for name in ("state", "actions", "pad")
    )
    return *encoded(state, actions, source.embodiment), pad


def test_streamed_statistics_are_those_of_all_windows_at_once(sources, monkeypatch):
    monkeypatch.setattr("xr0.data.source.BLOCK", 7)
    monkeypatch.setattr("xr0.data.stats.BLOCK", 11)
    state, actions, pad = all_windows(sources[0])
    twin = statistics(actions, pad, state)
    for given in (sources[:1], sources):
        found = summaries(given)["toy"]
        assert found.windows == found.frames == 60 * len(given)
        for name in ("action_mean", "action_std", "state_mean", "state_std"):
            np.testing.assert_allclose(getattr(found.stats, name), getattr(twin, name), atol=1e-6)
        shown = np.concatenate([np.where(pad[..., None], np.nan, actions)] * len(given))
        np.testing.assert_allclose(
            found.stats.quantiles.action_q99, np.nanquantile(shown, 0.99, axis=0), atol=1e-5
        )
        np.testing.assert_allclose(found.actions.minimum, np.nanmin(shown, axis=0))
        np.testing.assert_allclose(found.state.maximum[0], state.max(axis=0))
        beyond = (shown < found.actions.q01) | (shown > found.actions.q99)
        np.testing.assert_allclose(
            found.actions_outside, beyond.sum((0, 1)) / np.isfinite(shown[..., 0]).sum()
        )


def test_fewer_windows_lie_evenly_and_cost_little(sources):
    state, actions, pad = all_windows(sources[0])
    twin = statistics(actions[::4], pad[::4], state[::4])
    found = summaries(sources[:1], max_windows=15)["toy"]
    assert (found.windows, found.frames) == (15, 60)
    np.testing.assert_allclose(found.stats.action_mean, twin.action_mean, atol=1e-6)
    np.testing.assert_allclose(found.stats.state_std, twin.state_std, atol=1e-6)


def test_the_fingerprint_follows_data_and_horizon_not_the_machine(sources):
    (first, *_), root = sources, sources[0].dataset.root
    fingerprints = [
        summaries(given)["toy"].stats.fingerprint
        for given in ([first], [first], sources, [Source.open(root, HORIZON + 1, EMBODIMENT)])
    ]
    assert fingerprints[0] == fingerprints[1] and len(set(fingerprints)) == 3


def test_numbers_that_stand_out_are_named():
    rng = np.random.default_rng(0)
    told, sensed = Moments(HORIZON, 4, 1), Moments(1, 4, 1)
    values = rng.normal(size=(500, HORIZON, 4)) * [1.0, 0.001, 1.0, 0.0]
    values[7, 2, 2] = 60.0
    told.add(values, np.ones((500, HORIZON), bool))
    sensed.add(values[:, :1], np.ones((500, 1), bool))
    stats = statistics(values, np.zeros((500, HORIZON), bool), values[:, 0])
    outside = np.full(4, 0.02)
    found = Summary(EMBODIMENT, 500, 500, stats, told.spread(), sensed.spread(), outside, outside)
    assert found.near_constant() == ["action joints[1]", "state joints[1]"]
    assert found.heavy_tailed() == ["action joints[2]"]
    assert "heavy-tailed: action joints[2]" in found.lines()
    assert json.loads(json.dumps(found.to_dict()))["numbers"]["state joints[0]"]["outside"] == 0.02
