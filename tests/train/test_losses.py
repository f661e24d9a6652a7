"""What the stages' losses must do, on numbers small enough to check by hand."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from xr0.config import WINDOWED
from xr0.data.mixture import draw
from xr0.model import choice
from xr0.model.hidden import Hidden
from xr0.train import optim, post_train


def two_candidates() -> choice.Choices:
    actions = torch.zeros(1, 2, 3, 4, requires_grad=True)
    with torch.no_grad():
        actions[0, 1] = 0.9
    nothing = torch.zeros(1, 1, 1)
    return choice.Choices(actions, torch.tensor([[0.2, 0.7]]), Hidden(nothing, ()))


def test_the_winner_is_pulled_and_losers_hardly() -> None:
    choices, target = two_candidates(), torch.ones(1, 3, 4)
    loss, _ = choice.losses(choices, target, torch.ones(1, 3, 4))
    loss.backward()
    pull = choices.actions.grad.abs().sum(dim=(0, 2, 3))  # type: ignore[union-attr]
    assert pull[1] > 10 * pull[0] > 0


def test_scores_learn_each_candidate_s_error() -> None:
    choices, target = two_candidates(), torch.ones(1, 3, 4)
    _, score_loss = choice.losses(choices, target, torch.ones(1, 3, 4))
    assert float(score_loss) == pytest.approx(((0.2 - 1.0) ** 2 + (0.7 - 0.1) ** 2) / 2)


def test_a_row_without_a_demonstration_teaches_nothing() -> None:
    choices, target = two_candidates(), torch.ones(1, 3, 4)
    action, score = choice.losses(choices, target, torch.zeros(1, 3, 4))
    assert action.item() == 0.0
    assert score.item() == 0.0


def test_masked_slots_do_not_count() -> None:
    target, mask = torch.ones(1, 3, 4), torch.ones(1, 3, 4)
    mask[..., 2:] = 0
    target[..., 2:] = 1e6
    error = choice.errors(two_candidates().actions, target, mask)
    torch.testing.assert_close(error, torch.tensor([[1.0, 0.1]]))


def test_error_weights_average_to_one_where_nothing_is_clamped() -> None:
    generated, action = torch.zeros(1, 2, 2), torch.tensor([[[1.0, 2.0], [3.0, 2.0]]])
    weights = post_train.error_weights(generated, action, torch.ones(1, 2, 2))
    torch.testing.assert_close(weights, torch.tensor([[[0.5, 1.0], [1.5, 1.0]]]))


def test_error_weights_are_clamped_and_zero_outside_the_mask() -> None:
    generated, action = torch.zeros(1, 1, 4), torch.tensor([[[0.0, 0.0, 100.0, 100.0]]])
    mask = torch.tensor([[[1.0, 1.0, 1.0, 0.0]]])
    low, high = post_train.WEIGHT_RANGE
    assert post_train.error_weights(generated, action, mask)[0, 0].tolist() == [low, low, 3.0, 0.0]
    assert high >= 3.0


def test_prefixes_are_half_empty_and_never_too_long() -> None:
    torch.manual_seed(0)
    drawn = np.bincount([post_train.draw_prefix(30) for _ in range(6000)], minlength=WINDOWED.max_prefix + 1)
    assert len(drawn) == WINDOWED.max_prefix + 1
    assert drawn[0] / 6000 == pytest.approx(0.5, abs=0.03)
    np.testing.assert_allclose(drawn[1:] / 6000, 0.5 / 6, atol=0.02)
    assert max(post_train.draw_prefix(3) for _ in range(200)) == 3


@pytest.mark.parametrize("length", range(7))
def test_the_newest_prefix_tokens_are_never_hidden(length: int) -> None:
    assert len(post_train.draw_hidden(length)) == max(0, length - post_train.KEPT_PREFIX)


@given(st.integers(0, 2**31), st.integers(0, 10_000), st.integers(0, 7))
def test_draws_depend_on_seed_step_and_rank_only(seed: int, step: int, rank: int) -> None:
    weights = np.array([0.0, 1.0, 0.0, 3.0])
    drawn = draw(weights, 16, seed, step, rank)
    np.testing.assert_array_equal(drawn, draw(weights, 16, seed, step, rank))
    assert set(drawn) <= {1, 3}


def test_draws_follow_their_weights() -> None:
    drawn = draw(np.array([1.0, 3.0]), 40_000, 0, 0, 0)
    assert drawn.mean() == pytest.approx(0.75, abs=0.01)
    with pytest.raises(ValueError, match="not all zero"):
        draw(np.zeros(3), 1, 0, 0, 0)


def test_the_schedule_warms_up_and_ends_at_zero() -> None:
    settings = optim.OptimSettings(100, 10, 0.02, 1e-3, 0.0, 1.0)
    factors = [optim.factor(step, settings) for step in range(100)]
    assert factors[0] == pytest.approx(0.1)
    assert max(factors) == factors[10] == pytest.approx(1.0)
    assert factors[-1] < 1e-3
    assert all(a >= b for a, b in itertools.pairwise(factors[10:]))
