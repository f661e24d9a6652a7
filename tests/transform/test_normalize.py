"""Statistics: a round trip, unused slots untouched, broken statistics refused."""

import json
from dataclasses import replace

import numpy as np
import pytest

from xr0.transform.normalize import Quantiles, Stats


def stats() -> Stats:
    rng = np.random.default_rng(0)
    std = rng.uniform(0.1, 2.0, (4, 6)).astype(np.float32)
    std[:, 5] = 0.0
    return Stats(
        rng.normal(size=(4, 6)).astype(np.float32), std, np.zeros(3, np.float32), np.ones(3, np.float32), "f"
    )


def test_unnormalize_inverts_normalize_for_whole_chunks_and_prefixes() -> None:
    s, actions = stats(), np.random.default_rng(1).normal(size=(4, 6))
    used = s.mask > 0
    np.testing.assert_allclose(
        s.unnormalize_actions(s.normalize_actions(actions))[used], actions[used], atol=1e-6
    )
    np.testing.assert_allclose(s.normalize_actions(actions[:2]), s.normalize_actions(actions)[:2])


def test_a_slot_without_spread_is_masked() -> None:
    s = stats()
    assert s.mask[:, :5].all()
    assert not s.mask[:, 5].any()
    assert s.horizon == 4


def test_a_slot_without_spread_decodes_to_its_mean_whatever_the_model_says() -> None:
    s = stats()
    decoded = s.unnormalize_actions(np.full((4, 6), 1e3))
    np.testing.assert_array_equal(decoded[:, 5], s.action_mean[:, 5])


def test_the_epsilon_of_the_released_post_training_code_is_in_both_directions() -> None:
    s = replace(stats(), epsilon=0.5)
    normal = s.normalize_actions(s.action_mean + 1.0)
    np.testing.assert_allclose(normal[:, 0], 1.0 / (s.action_std[:, 0] + 0.5), rtol=1e-6)
    np.testing.assert_allclose(s.unnormalize_actions(normal)[:, 0], s.action_mean[:, 0] + 1.0, atol=1e-6)


def test_json_round_trip_is_exact() -> None:
    s = stats()
    again = Stats.from_dict(s.to_dict())
    for name in ("action_mean", "action_std", "state_mean", "state_std"):
        np.testing.assert_array_equal(getattr(s, name), getattr(again, name))
    assert again.fingerprint == "f"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("action_mean", [[float("nan")] * 6] * 4, "NaN"),
        ("action_std", [[-1.0] * 6] * 4, "negative"),
        ("action_mean", [[0.0] * 6] * 3, "expected two"),
        ("state_mean", [0.0] * 2, "expected two"),
        ("state_std", [float("inf")] * 3, "infinity"),
        ("state_std", [-1.0] * 3, "negative"),
    ],
)
def test_broken_statistics_are_refused(field: str, value: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Stats.from_dict({**stats().to_dict(), field: value})


def test_statistics_cover_one_tick_or_more() -> None:
    s = stats()
    assert replace(s, action_mean=s.action_mean[:1], action_std=s.action_std[:1]).horizon == 1
    with pytest.raises(ValueError, match="got no tick"):
        replace(s, action_mean=s.action_mean[:0], action_std=s.action_std[:0])
    square = np.zeros((3, 3), np.float32)
    with pytest.raises(ValueError, match="state_dim"):
        replace(s, state_mean=square, state_std=square)


def test_unknown_and_missing_fields_are_refused() -> None:
    data = stats().to_dict()
    with pytest.raises(ValueError, match="expected"):
        Stats.from_dict({**data, "q01": []})
    data.pop("action_std")
    with pytest.raises(ValueError, match="expected"):
        Stats.from_dict(data)


def test_a_chunk_longer_than_the_statistics_is_refused() -> None:
    with pytest.raises(ValueError, match="got 5 ticks, the statistics cover 4"):
        stats().normalize_actions(np.zeros((5, 6)))


def test_quantiles_travel_with_the_statistics() -> None:
    s = stats()
    assert Stats.from_dict(s.to_dict()).quantiles is None
    around = Quantiles(s.action_mean - 1, s.action_mean + 1, s.state_mean, s.state_mean)
    again = Stats.from_dict(json.loads(json.dumps(replace(s, quantiles=around).to_dict())))
    assert again.quantiles is not None
    for name, value in vars(around).items():
        assert np.array_equal(getattr(again.quantiles, name), value)


def test_broken_quantiles_are_refused() -> None:
    s = stats()
    mean, state = s.action_mean, s.state_mean
    for low, high in ((mean + 1, mean), (mean * np.nan, mean), (mean[:1], mean), (mean - np.inf, mean)):
        with pytest.raises(ValueError, match="action_q01 nowhere above action_q99"):
            Quantiles(low, high, state, state)
    with pytest.raises(ValueError, match="expected the means'"):
        replace(s, quantiles=Quantiles(mean[:1], mean[:1], state, state))
    for broken in ({"action_q01": []}, 3, {**dict.fromkeys(("action_q01", "action_q99"), "x")}):
        with pytest.raises(ValueError, match="stats: "):
            Stats.from_dict({**s.to_dict(), "quantiles": broken})
