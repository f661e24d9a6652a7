"""Sampling led along a plan: published weights, closed forms, the gradient, nothing where nothing leads."""

import math

import pytest
import torch

from xr0.model import flow, guidance
from xr0.model.guidance import Guide, guided, ramp, soft_mask, weight


def led(plan: torch.Tensor, weights: float | torch.Tensor, speed: float = 1.0) -> Guide:
    return Guide(plan, torch.as_tensor(weights).expand_as(plan), torch.full((*plan.shape[:2], 1), speed))


def still(x: torch.Tensor, k: int) -> torch.Tensor:
    return torch.zeros_like(x)


def test_the_soft_mask_is_the_papers() -> None:
    got = soft_mask(torch.tensor([6, 0, 3]), torch.tensor([2, 0, 3]), 8)[..., 0]
    c = [(6 - i) / 5 for i in range(2, 6)]
    between = [x * (math.e**x - 1) / (math.e - 1) for x in c]
    assert got[0].tolist() == pytest.approx([1, 1, *between, 0, 0])
    assert got[1].tolist() == [0] * 8
    assert got[2].tolist() == [1] * 3 + [0] * 5


def test_the_ramp_begins_at_nothing_and_ends_at_full_speed() -> None:
    got = ramp(torch.tensor([6, 0, 3]), torch.tensor([2, 0, 3]), 8)[..., 0]
    between = [(1 - math.exp(-6 * j / 5)) / (1 - math.exp(-6)) for j in range(1, 5)]
    assert got[0].tolist() == pytest.approx([0, 0, *between, 1, 1])
    assert got[1].tolist() == [1] * 8
    assert got[2].tolist() == [0] * 3 + [1] * 5


def test_the_weight_is_the_papers_and_never_above_beta() -> None:
    assert weight(0.0) == guidance.BETA
    assert weight(0.5) == pytest.approx(2.0)  # (1/4 + 1/4) / (1/4)
    assert weight(0.2) == pytest.approx((0.04 + 0.64) / 0.16)
    assert weight(0.1) == guidance.BETA


def test_where_nothing_leads_sampling_is_the_plain_one_bit_for_bit() -> None:
    torch.manual_seed(0)
    noise, plan, mix = torch.randn(2, 5, 3), torch.randn(2, 5, 3), torch.randn(3, 3)

    def velocity(x: torch.Tensor, k: int) -> torch.Tensor:
        return torch.tanh(x @ mix) * (k + 1)

    none = led(plan, 0.0)
    plain = flow.euler(velocity, noise, 5)
    assert torch.equal(flow.euler(guided(velocity, none, 5), none.start(noise), 5), plain)
    one = Guide.of(
        plan, torch.tensor([5, 0]), torch.tensor([1, 0]), torch.tensor([True, False]), torch.ones(2, 5, 3)
    )
    mixed = flow.euler(guided(velocity, one, 5), one.start(noise), 5)
    assert torch.equal(mixed[1], plain[1])
    assert not torch.allclose(mixed[0], plain[0])


def test_a_flow_that_stands_still_is_pulled_to_the_plan_by_known_steps() -> None:
    noise, plan = torch.zeros(1, 1, 2), torch.full((1, 1, 2), 4.0)
    guide = led(plan, torch.tensor([[[1.0, 0.1]]]))
    got = flow.euler(guided(still, guide, 5), noise, 5)
    left = 1.0
    for t in (0.0, 0.2, 0.4, 0.6, 0.8):
        left *= 1 - 0.2 * 0.1 * weight(t)
    # With W = 1 the first step, h * BETA = 1, is exact.
    assert got[0, 0].tolist() == pytest.approx([4.0, 4.0 * (1 - left)])


def test_one_step_of_a_linear_flow_is_the_closed_form() -> None:
    torch.manual_seed(1)
    a, b, w = torch.randn(3, 3).double(), torch.randn(3).double(), torch.rand(1, 4, 3).double()
    x, plan = torch.randn(1, 4, 3).double(), torch.randn(1, 4, 3).double()
    guide, t = led(plan, w), 0.4
    velocity = guided(lambda x, k: x @ a.T + b, guide, 5)
    jacobian = torch.eye(3).double() + (1 - t) * a
    v = x @ a.T + b
    towards = (w * (plan - (x + (1 - t) * v))) @ jacobian
    torch.testing.assert_close(velocity(x, 2), v + weight(t) * towards)


def test_the_gradient_is_that_of_finite_differences_through_all_ticks() -> None:
    torch.manual_seed(2)
    mix, ticks = torch.randn(3, 3).double(), torch.randn(4, 4).double()

    def velocity(x: torch.Tensor, k: int) -> torch.Tensor:
        return torch.tanh(ticks @ x @ mix)

    def clean(x: torch.Tensor) -> torch.Tensor:
        return x + (1 - 0.4) * velocity(x, 2)

    x, plan, w = torch.randn(1, 4, 3).double(), torch.randn(1, 4, 3).double(), torch.rand(1, 4, 3).double()
    towards = (guided(velocity, led(plan, w), 5)(x, 2) - velocity(x, 2)) / weight(0.4)
    error = w * (plan - clean(x))
    for place in range(12):
        step = torch.zeros(12).double()
        step[place] = 1e-6
        step = step.reshape(1, 4, 3)
        slope = ((clean(x + step) - clean(x - step)) * error).sum() / 2e-6
        assert float(towards.flatten()[place]) == pytest.approx(float(slope), abs=1e-6)


def test_slots_that_are_not_used_pull_at_nothing() -> None:
    mask = torch.tensor([1.0, 0.0]).expand(1, 4, 2)
    guide = Guide.of(torch.ones(1, 4, 2), torch.tensor([4]), torch.tensor([2]), torch.tensor([True]), mask)
    assert guide.weights[..., 1].eq(0).all()
    assert guide.weights[..., 0].gt(0).all()


def test_by_ramp_what_runs_meanwhile_is_the_plan_and_what_is_behind_it_starts_from_noise() -> None:
    torch.manual_seed(3)
    noise, plan = torch.randn(1, 8, 2), torch.randn(1, 8, 2)
    guide = Guide.of(plan, torch.tensor([6]), torch.tensor([2]), torch.tensor([False]), torch.ones(1, 8, 2))
    got = flow.euler(guided(lambda x, k: torch.ones_like(x), guide, 5), guide.start(noise), 5)
    assert torch.equal(got[0, :2], plan[0, :2])
    torch.testing.assert_close(got[0, 2:6], plan[0, 2:6] + guide.speed[0, 2:6])
    torch.testing.assert_close(got[0, 6:], noise[0, 6:] + 1)
