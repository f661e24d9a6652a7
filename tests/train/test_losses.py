"""What the stages' losses must do, on numbers small enough to check by hand."""

import itertools

import pytest
import torch

from xr0.model import choice
from xr0.model.hidden import Hidden
from xr0.train import optim, post_train
from xr0.train.choice_stage import choice_losses
from xr0.train.losses import frequency_loss, masked_mean
from xr0.train.settings import TrainSettings


def two_candidates() -> choice.Choices:
    actions = torch.zeros(1, 2, 3, 4, requires_grad=True)
    with torch.no_grad():
        actions[0, 1] = 0.9
    nothing = torch.zeros(1, 1, 1)
    return choice.Choices(actions, torch.tensor([[0.2, 0.7]]), Hidden(nothing, ()))


def test_the_winner_is_pulled_and_losers_hardly() -> None:
    choices, target = two_candidates(), torch.ones(1, 3, 4)
    loss, _ = choice_losses(choices, target, torch.ones(1, 3, 4))
    loss.backward()
    pull = choices.actions.grad.abs().sum(dim=(0, 2, 3))  # type: ignore[union-attr]
    assert pull[1] > 10 * pull[0] > 0


def test_scores_learn_each_candidate_s_error() -> None:
    choices, target = two_candidates(), torch.ones(1, 3, 4)
    _, score_loss = choice_losses(choices, target, torch.ones(1, 3, 4))
    assert float(score_loss) == pytest.approx(((0.2 - 1.0) ** 2 + (0.7 - 0.1) ** 2) / 2)


def test_a_row_without_a_demonstration_teaches_nothing() -> None:
    choices, target = two_candidates(), torch.ones(1, 3, 4)
    action, score = choice_losses(choices, target, torch.zeros(1, 3, 4))
    assert action.item() == 0.0
    assert score.item() == 0.0


def test_masked_slots_do_not_count() -> None:
    target, mask = torch.ones(1, 3, 4), torch.ones(1, 3, 4)
    mask[..., 2:] = 0
    target[..., 2:] = 1e6
    error = choice.errors(two_candidates().actions, target, mask)
    torch.testing.assert_close(error, torch.tensor([[1.0, 0.1]]))


def test_the_frequency_loss_of_one_slot_by_hand() -> None:
    """1, 2, 3, 4 has the transform 10, -2 + 2i, -2; and 1, 2, 3 has 6, -1.5 + 0.866i."""
    error, mask = torch.zeros(1, 6, 2), torch.zeros(1, 6, 2)
    error[0, :, 0] = torch.tensor([9.0, 1.0, 2.0, 3.0, 4.0, 9.0])
    error[0, :, 1] = 9.0
    mask[0, 1:5, 0] = 1
    loss = frequency_loss(error, mask, mask)
    assert float(loss) == pytest.approx((10 + 8**0.5 + 2) / 3, rel=1e-5)
    mask[0, 4, 0] = 0
    assert float(frequency_loss(error, mask, mask)) == pytest.approx((6 + 3**0.5) / 2, rel=1e-5)


def test_the_frequency_loss_is_torch_s_transform_weighted_by_row() -> None:
    generator = torch.Generator().manual_seed(0)
    error, mask = torch.randn(3, 9, 4, generator=generator), torch.zeros(3, 9, 4)
    weight = torch.rand(3, 9, 4, generator=generator) + 0.5
    runs = [(0, 9, [0, 1, 2, 3]), (3, 9, [0, 2]), (2, 7, [1])]
    total = count = 0.0
    for k, (first, last, slots) in enumerate(runs):
        mask[k, first:last, slots] = 1
        mask[k, first, slots[1:]] = 0  # a slot may begin later than the others
        seen = (error * mask)[k, first:last, slots]
        magnitude = torch.fft.rfft(seen, dim=0).abs() * weight[k][mask[k].bool()].mean()
        total, count = total + magnitude.sum(), count + magnitude.numel()
    assert float(frequency_loss(error, mask, weight)) == pytest.approx(float(total / count), rel=1e-5)


def test_masked_slots_and_empty_rows_have_no_part_in_the_frequency_loss() -> None:
    error, mask = torch.randn(2, 5, 3, requires_grad=True), torch.zeros(2, 5, 3)
    mask[0, :4, :2] = 1
    loss = frequency_loss(error, mask, mask)
    loss.backward()
    assert error.grad is not None
    assert torch.equal(error.grad != 0, mask.bool())
    alone = frequency_loss(error[:1, :4, :2], torch.ones(1, 4, 2), torch.ones(1, 4, 2))
    assert loss.item() == pytest.approx(alone.item(), rel=1e-5)
    assert float(frequency_loss(error, mask * 0, mask)) == 0.0
    assert float(masked_mean(error, mask * 0)) == 0.0


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


def test_the_schedule_warms_up_and_ends_at_zero() -> None:
    settings = TrainSettings(100, batch=1, lr=1e-3, warmup=10)
    factors = [optim.factor(step, settings) for step in range(100)]
    assert factors[0] == pytest.approx(0.1)
    assert max(factors) == factors[10] == pytest.approx(1.0)
    assert factors[-1] < 1e-3
    assert all(a >= b for a, b in itertools.pairwise(factors[10:]))
