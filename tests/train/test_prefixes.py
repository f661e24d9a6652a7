"""How long prefixes are, whom they are shared with, and what of them is hidden."""

from collections import Counter
from dataclasses import replace
from functools import cache

import pytest
import small_model
import torch

from xr0.config import CAUSAL, WINDOWED
from xr0.train import bridge
from xr0.train.prefixes import BRIDGED, PAPER, RELEASED, SYNC, Prefixes, PrefixRule
from xr0.types import Batch

HORIZON, LONGEST = 12, 6
SAMPLES = 4
OWN_HORIZONS = (12, 4, 1, 0)
"""Of the four samples; the last shows nothing."""

SEEN = small_model.inputs([small_model.row([5], k) for k in range(SAMPLES)])
STATE, ACTIONS = torch.zeros(SAMPLES, 1, 32), torch.zeros(SAMPLES, HORIZON, 32)


def batch(first: int = 0, step: int = 0, horizons: tuple[int, ...] = (HORIZON,) * SAMPLES) -> Batch:
    seeds, _, origin, committed = small_model.seeded(SAMPLES, first)
    return Batch(SEEN, STATE, ACTIONS, mask_of(horizons), seeds, torch.tensor(step), origin, committed)


@cache
def mask_of(horizons: tuple[int, ...]) -> torch.Tensor:
    mask = torch.zeros(SAMPLES, HORIZON, 32)
    for k, horizon in enumerate(horizons):
        mask[k, 1:horizon, :3] = 1  # a slot anchored to the chunk's start has nothing at its first tick
        mask[k, :horizon, 4] = 1
    return mask


@pytest.fixture(scope="module")
def released() -> list[Prefixes]:
    return [RELEASED.draw(batch(step, step)) for step in range(1000)]


def test_the_paper_s_are_uniform_and_each_sample_s_own() -> None:
    drawn = torch.stack([PAPER.draw(batch(k * SAMPLES)).lengths for k in range(400)])
    lengths = Counter(drawn.flatten().tolist())
    assert set(lengths) == set(range(LONGEST + 1))
    assert all(n / drawn.numel() == pytest.approx(1 / 7, abs=0.03) for n in lengths.values())
    assert len({tuple(pair) for pair in drawn[:, :2].tolist()}) == 49
    assert not PAPER.draw(batch()).hidden.any()


def test_the_released_are_shared_half_of_the_steps_have_none(released: list[Prefixes]) -> None:
    assert all(len(set(p.lengths.tolist())) == 1 for p in released)
    lengths = Counter(int(p.lengths[0]) for p in released)
    assert lengths[0] / len(released) == pytest.approx(0.5, abs=0.06)
    assert all(lengths[n] / len(released) == pytest.approx(1 / 12, abs=0.035) for n in range(1, 7))


def test_the_released_hide_older_ticks_half_of_the_time_for_the_whole_step(released: list[Prefixes]) -> None:
    for p in released:
        assert not p.hidden[:, max(int(p.lengths[0]) - 2, 0) :].any()
        assert torch.equal(p.hidden, p.hidden[:1].expand_as(p.hidden))
    long = torch.stack([p.hidden[0, :4] for p in released if p.lengths[0] == LONGEST]).float()
    assert long.mean(dim=0).tolist() == pytest.approx([0.5] * 4, abs=0.17)
    assert len({tuple(row) for row in long.tolist()}) == 16


@pytest.mark.parametrize("rule", [PAPER, RELEASED])
def test_a_robot_of_few_ticks_keeps_one_to_learn(rule: PrefixRule) -> None:
    drawn = [rule.draw(batch(SAMPLES * k, k, OWN_HORIZONS)) for k in range(300)]
    lengths = torch.stack([p.lengths for p in drawn])
    assert lengths.amax(dim=0).tolist() == [6, 3, 0, 0]
    assert lengths.amin(dim=0).tolist() == [0, 0, 0, 0]
    assert all(not p.hidden[2:].any() for p in drawn)


def test_synchronous_post_training_has_none() -> None:
    drawn = SYNC.draw(batch())
    assert not drawn.lengths.any()
    assert not drawn.hidden.any()


def test_each_rule_names_the_contract_it_trains() -> None:
    assert [rule.contract for rule in (PAPER, RELEASED, SYNC)] == [WINDOWED, WINDOWED, CAUSAL]


def test_the_bridged_are_as_long_as_the_samples_were_mixed_for() -> None:
    for k in range(500):
        given = batch(k * SAMPLES, horizons=OWN_HORIZONS)
        rows = zip(given.seeds.tolist(), OWN_HORIZONS, strict=True)
        assert BRIDGED.draw(given).lengths.tolist() == [bridge.length(s, h) for s, h in rows]


@pytest.mark.parametrize("rule", [PAPER, RELEASED, BRIDGED])
def test_what_is_not_to_be_learnt_is_prefix_and_seen_under_every_rule(rule: PrefixRule) -> None:
    for k in range(100):
        given = batch(k * SAMPLES, k)
        given = replace(given, committed=torch.tensor([0, 5] + [0] * (SAMPLES - 2)))
        drawn, prefixes = rule.draw(given), rule.prefixes(given)
        assert prefixes.lengths[1] == 5
        assert not prefixes.hidden[1].any()
        others = torch.arange(SAMPLES) != 1
        assert torch.equal(prefixes.lengths[others], drawn.lengths[others])
        assert torch.equal(prefixes.hidden[others], drawn.hidden[others])
