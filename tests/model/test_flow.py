"""Flow matching: the direction of time, an exact integral, the prefix, the distribution of times."""

import pytest
import torch

from xr0.model import flow


def test_time_runs_from_noise_to_action() -> None:
    noise, action = torch.full((2, 3, 4), 4.0), torch.full((2, 3, 4), 8.0)
    got = flow.interpolate(noise, action, torch.tensor([0.0, 0.75]))
    assert got[0].eq(4).all()
    assert got[1].eq(7).all()


@pytest.mark.parametrize("steps", [1, 5, 7])
def test_the_true_velocity_integrates_to_the_action_exactly(steps: int) -> None:
    noise, action = torch.randn(2, 3, 4), torch.randn(2, 3, 4)
    got = flow.euler(lambda x, t: action - noise, noise, steps)
    torch.testing.assert_close(got, action, atol=1e-5, rtol=0)


def test_velocity_is_asked_at_k_over_n() -> None:
    asked: list[int] = []

    def velocity(x: torch.Tensor, k: int) -> torch.Tensor:
        asked.append(k)
        return torch.zeros_like(x)

    flow.euler(velocity, torch.zeros(1, 2, 2), 5)
    assert asked == [0, 1, 2, 3, 4]
    assert [1000 * t for t in flow.times(5)] == pytest.approx([0, 200, 400, 600, 800])


def test_a_prefix_is_seen_clean_and_never_moves() -> None:
    prefix, noise = torch.full((2, 5, 3), 7.0), torch.randn(2, 5, 3)

    def velocity(x: torch.Tensor, k: int) -> torch.Tensor:
        assert x[0, :2].eq(7.0).all()
        assert x[1, :4].eq(7.0).all()
        return torch.ones_like(x)

    got = flow.euler(velocity, noise, 5, flow.Prefix(prefix, torch.tensor([2, 4])))
    for row, length in zip(range(2), (2, 4), strict=True):
        assert torch.equal(got[row, :length], prefix[row, :length])
        torch.testing.assert_close(got[row, length:], noise[row, length:] + 1)


def test_training_times_follow_the_beta_of_the_paper() -> None:
    t = flow.training_time(torch.rand(200_000, generator=torch.Generator().manual_seed(0)))
    assert t.min() >= 0
    assert t.max() <= flow.MAX_TIME
    # u ~ Beta(1.5, 1) has mean 0.6 and variance 0.06857
    assert float((1 - t / flow.MAX_TIME).mean()) == pytest.approx(0.6, abs=5e-3)
    assert float(t.var()) == pytest.approx(0.06857, abs=2e-3)
