"""The losses of stages 2 and 3, number by number.

The network's velocity is replaced by one whose error is known. At (x, t) on the straight path the true
velocity is (action - x) / (1 - t): it needs neither the noise nor the order of the draws. Five Euler steps of
(true velocity + e) end at action + e / 5, whatever the noise: so the rollout's error is known as well.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
import small_model
import torch
from torch import Tensor

from xr0.model.expert import Layout
from xr0.model.vla import VLA
from xr0.train.flow_stage import FlowStage
from xr0.train.post_train import PostTrainStage
from xr0.train.prefixes import PAPER, RELEASED, SYNC
from xr0.train.trainable import select
from xr0.types import Batch, Context

HORIZON, USED = 10, 5
SAMPLES = 2
LONGEST_PREFIX, WINDOW, OFFSET = 6, 4, 10
NOISES = 4
"""All as in the released post-training code (XR0.py): noises per VLM pass is its training_repeat."""


def batch(horizon: int = HORIZON) -> Batch:
    generator = torch.Generator().manual_seed(5)
    mask = torch.zeros(SAMPLES, horizon, 32)
    mask[..., :USED] = 1
    mask[1, -2:] = 0  # the second demonstration ends early
    return Batch(
        small_model.inputs([small_model.row([5, 6], 0), small_model.row([7, 8, 9], 1)]),
        torch.randn(SAMPLES, 1, 32, generator=generator),
        torch.randn(SAMPLES, horizon, 32, generator=generator),
        mask,
        *small_model.seeded(SAMPLES),
    )


@dataclass
class Known:
    """Stands in for the network: the true velocity plus `error` [t, 32]. Remembers what it was asked."""

    given: Batch
    error: Tensor
    x: list[Tensor] = field(default_factory=list)
    t: list[Tensor] = field(default_factory=list)
    layouts: list[Layout] = field(default_factory=list)

    @property
    def action(self) -> Tensor:
        return self.given.actions.repeat_interleave(NOISES, dim=0)

    @property
    def prefixes(self) -> list[int]:
        """Their lengths, by the positions: sink and state are followed without a jump."""
        steady = (self.layouts[-1].positions.diff(dim=1) == 1).cumprod(dim=1)
        return (steady.sum(dim=1) - 1).tolist()

    def forget(self) -> None:
        for asked in (self.x, self.t, self.layouts):
            asked.clear()

    def modulation(self, t: Tensor) -> Tensor:
        return t[:, None, None].expand(-1, 6, 64)

    def velocity(
        self, x: Tensor, modulation: Tensor, leading: Tensor, context: Context, mask: Tensor, layout: Layout
    ) -> Tensor:
        t = modulation[:, 0, 0]
        self.x.append(x)
        self.t.append(t)
        self.layouts.append(layout)
        return (self.action - x) / (1 - t[:, None, None]) + self.error


@pytest.fixture(scope="module")
def vla() -> VLA:
    return small_model.build()


@pytest.fixture(scope="module")
def encoded(vla: VLA) -> Context:
    with torch.no_grad():
        return vla.encode(batch().vlm)


def known(
    vla: VLA, context: Context, patch: pytest.MonkeyPatch, error: Tensor | None = None, horizon: int = HORIZON
) -> Known:
    double = Known(batch(horizon), torch.zeros(horizon, 32) if error is None else error)
    patch.setattr(vla, "encode", lambda inputs: context)
    patch.setattr(vla, "modulation", double.modulation)
    patch.setattr(vla, "velocity", double.velocity)
    return double


def released(vla: VLA) -> PostTrainStage:
    return PostTrainStage(vla, RELEASED, frequency_weight=0.0)


def with_prefix(stage: PostTrainStage, double: Known, wanted: int) -> dict[str, Tensor]:
    """The stage's losses from the first step that draws a prefix of this length."""
    for seed in range(200):
        double.forget()
        losses = stage(replace(double.given, shared_seed=torch.tensor(seed)))
        if double.prefixes == SAMPLES * NOISES * [wanted]:
            return losses
    raise AssertionError(f"no prefix of {wanted} ticks in 200 steps")


def errors() -> Tensor:
    """Of every tick and slot another one."""
    return torch.rand(HORIZON, 32, generator=torch.Generator().manual_seed(9)) + 0.1


def used(after: int = 0) -> Tensor:
    """Slots of the repeated batch that count: in use, shown, behind the prefix."""
    mask = batch().action_mask.repeat_interleave(NOISES, dim=0).bool().clone()
    mask[:, :after] = False
    return mask


def hidden(layout: Layout, p: int) -> set[int]:
    """Ticks of the prefix that an action after it does not see though the window reaches them."""
    own = layout.mask[0, 0, 2:, -HORIZON:]
    reach = [(i, j) for i in range(p, HORIZON) for j in range(p) if i - j <= WINDOW]
    return {j for i, j in reach if not own[i, j]}


def test_the_true_velocity_has_no_loss(vla: VLA, encoded: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    double = known(vla, encoded, monkeypatch)
    assert float(FlowStage(vla)(double.given)["loss"]) == pytest.approx(0, abs=1e-6)
    for p in (0, 3):
        losses = with_prefix(released(vla), double, p)
        assert float(losses["error"]) == pytest.approx(0, abs=1e-6)
        assert float(losses["loss"]) == pytest.approx(0, abs=1e-6)


def test_pretraining_averages_the_squared_error_over_the_slots_in_use(
    vla: VLA, encoded: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    double = known(vla, encoded, monkeypatch, errors())
    expected = errors().square().expand(SAMPLES * NOISES, -1, -1)[used()].mean()
    assert float(FlowStage(vla)(double.given)["loss"]) == pytest.approx(float(expected), rel=1e-4)


def test_pretraining_is_causal_without_offset_at_four_times_per_sample(
    vla: VLA, encoded: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    double = known(vla, encoded, monkeypatch)
    FlowStage(vla)(double.given)
    [t], [x], [layout] = double.t, double.x, double.layouts
    assert len(set(t.tolist())) == SAMPLES * NOISES
    assert all(0 <= value <= 0.999 for value in t.tolist())
    noise = (x - t[:, None, None] * double.action) / (1 - t[:, None, None])
    assert abs(float(noise.mean())) < 0.1
    assert float(noise.std()) == pytest.approx(1, abs=0.1)
    assert len({tuple(row) for row in noise[:, 0, :2].tolist()}) == SAMPLES * NOISES
    assert (layout.positions.diff(dim=1) == 1).all()
    own = layout.mask[..., -(HORIZON + 2) :]
    assert torch.equal(own, torch.ones_like(own).tril())


@dataclass(frozen=True)
class Drawn:
    """What a batch of post-training drew: the prefix, and the hidden ticks, counted from the prefix's end."""

    prefix: int
    hidden: set[int]
    hidden_in_rollout: set[int]


@pytest.fixture(scope="module")
def draws(vla: VLA, encoded: Context) -> list[Drawn]:
    with pytest.MonkeyPatch.context() as patch:
        double, stage, found = known(vla, encoded, patch), released(vla), []
        for seed in range(300):
            double.forget()
            stage(replace(double.given, shared_seed=torch.tensor(seed)))
            [p] = set(double.prefixes)
            *rollout, training = ({p - j for j in hidden(layout, p)} for layout in double.layouts)
            found.append(Drawn(p, training, set().union(*rollout)))
    return found


def test_a_batch_has_no_prefix_half_of_the_time_else_one_to_six_ticks(draws: list[Drawn]) -> None:
    lengths = Counter(drawn.prefix for drawn in draws)
    assert set(lengths) == set(range(LONGEST_PREFIX + 1))
    assert lengths[0] / len(draws) == pytest.approx(0.5, abs=0.1)
    assert all(n / len(draws) == pytest.approx(1 / 12, abs=0.05) for p, n in lengths.items() if p)


def test_older_ticks_of_the_prefix_are_hidden_half_of_the_time_the_newest_two_never(
    draws: list[Drawn],
) -> None:
    long = [drawn for drawn in draws if drawn.prefix >= WINDOW]
    times = Counter(distance for drawn in long for distance in drawn.hidden)
    assert set(times) == {3, 4}  # further back nothing behind the prefix looks
    assert all(n / len(long) == pytest.approx(0.5, abs=0.2) for n in times.values())
    assert all(drawn.hidden <= {3} for drawn in draws if drawn.prefix == 3)
    assert not any(drawn.hidden for drawn in draws if drawn.prefix < 3)
    assert not any(drawn.hidden_in_rollout for drawn in draws)


@pytest.mark.parametrize("p", [0, 1, 3, 6])
def test_the_prefix_is_clean_and_the_rest_on_the_straight_path(
    vla: VLA, encoded: Context, monkeypatch: pytest.MonkeyPatch, p: int
) -> None:
    double = known(vla, encoded, monkeypatch, errors())
    with_prefix(released(vla), double, p)
    for x in double.x:
        assert torch.equal(x[:, :p], double.action[:, :p])
        assert not torch.isclose(x[:, p:], double.action[:, p:]).all(dim=-1).any()
    x, t = double.x[-1][:, p:], double.t[-1][:, None, None]
    noise = (x - t * double.action[:, p:]) / (1 - t)
    assert float(noise.std()) == pytest.approx(1, abs=0.1)
    if p > 0:  # the rollout starts from the same noise
        torch.testing.assert_close(noise, double.x[0][:, p:], atol=1e-3, rtol=0)


@pytest.mark.parametrize("p", [0, 1, 3, 6])
def test_post_training_counts_only_what_follows_the_prefix(
    vla: VLA, encoded: Context, monkeypatch: pytest.MonkeyPatch, p: int
) -> None:
    error = errors()
    double = known(vla, encoded, monkeypatch, error)
    losses = with_prefix(released(vla), double, p)
    expected = error.square().expand(SAMPLES * NOISES, -1, -1)[used(after=p)].mean()
    assert float(losses["error"]) == pytest.approx(float(expected), rel=1e-4)
    error = error.clone()
    error[p:] = 0
    losses = with_prefix(released(vla), known(vla, encoded, monkeypatch, error), p)
    assert float(losses["loss"]) == pytest.approx(0, abs=1e-6)


def test_without_a_prefix_all_weights_are_one(
    vla: VLA, encoded: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = with_prefix(released(vla), known(vla, encoded, monkeypatch, errors()), 0)
    assert float(losses["loss"]) == pytest.approx(float(losses["error"]), rel=1e-6)


def test_with_a_prefix_each_slot_weighs_by_the_rollout_s_error_over_its_mean(
    vla: VLA, encoded: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights |e / 5| / mean |e / 5|, between 0.5 and 5; both ends are reached here."""
    error, p = errors(), 3
    error[5, 0], error[6, 1] = 9.0, 0.01
    double = known(vla, encoded, monkeypatch, error)
    losses = with_prefix(released(vla), double, p)
    assert [float(t[0]) for t in double.t[:-1]] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])
    count = used(after=p)
    e = error.expand(SAMPLES * NOISES, -1, -1)[count]
    weight = e / e.mean()
    assert weight.min() < 0.5
    assert weight.max() > 5.0
    expected = (weight.clamp(0.5, 5.0) * e.square()).sum() / count.sum()
    assert float(losses["loss"]) == pytest.approx(float(expected), rel=1e-3)


@pytest.mark.parametrize("p", [0, 2, 5])
def test_post_training_has_the_window_and_the_offset_with_a_prefix_and_without(
    vla: VLA, encoded: Context, monkeypatch: pytest.MonkeyPatch, p: int
) -> None:
    double = known(vla, encoded, monkeypatch)
    with_prefix(released(vla), double, p)
    for layout in double.layouts:
        assert layout.positions.diff(dim=1).tolist() == SAMPLES * NOISES * [
            [1 + OFFSET * (k == p + 1) for k in range(HORIZON + 1)]
        ]
        own, length = layout.mask[:, :, :, -(HORIZON + 2) :], encoded.mask.shape[1]
        assert own[:, :, :, :2].equal(torch.ones_like(own[:, :, :, :2]).tril())
        assert not own[:, :, :2, 2:].any()
        gone = hidden(layout, p)
        for i in range(HORIZON):
            seen = [j for j in range(HORIZON) if own[0, 0, 2 + i, 2 + j]]
            assert seen == [j for j in range(i + 1) if i - j <= WINDOW and not (i >= p and j in gone)]
        for row in range(SAMPLES * NOISES):
            assert own[row].equal(own[0])
            assert layout.mask[row, 0, :, :length].eq(encoded.mask[row // NOISES]).all()


def test_the_paper_draws_each_sample_s_prefix_alone_and_weighs_where_there_is_one(
    vla: VLA, encoded: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = errors()
    double = known(vla, encoded, monkeypatch, error)
    stage, seen = PostTrainStage(vla, PAPER, frequency_weight=0.0), set()
    for first in range(0, 100, SAMPLES):
        double.forget()
        seeds = torch.arange(first, first + SAMPLES)
        losses = stage(replace(double.given, seeds=seeds))
        lengths = double.prefixes
        seen.add((lengths[0], lengths[-1]))
        expected = weighted(error, lengths)
        assert float(losses["loss"]) == pytest.approx(expected, rel=1e-3)
        assert losses["each"].shape == (SAMPLES,)
    assert len(seen) > 25
    assert {p for pair in seen for p in pair} == set(range(LONGEST_PREFIX + 1))


def weighted(error: Tensor, lengths: list[int]) -> float:
    """The loss, where rows with a prefix weigh by |e| over the mean |e| of all such rows behind it."""
    mask = used() & (torch.arange(HORIZON)[None, :, None] >= torch.tensor(lengths)[:, None, None])
    e = error.expand_as(mask)
    prefixed = torch.tensor(lengths) > 0
    mean = e[mask & prefixed[:, None, None]].mean() if prefixed.any() else torch.tensor(1.0)
    weight = torch.where(prefixed[:, None, None], (e / mean).clamp(0.5, 5.0), 1.0)
    return float((weight * e.square())[mask].sum() / mask.sum())


def test_synchronous_post_training_is_causal_without_prefix_or_rollout(
    vla: VLA, encoded: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    double = known(vla, encoded, monkeypatch, errors())
    losses = PostTrainStage(vla, SYNC, frequency_weight=0.0)(double.given)
    [layout] = double.layouts
    assert (layout.positions.diff(dim=1) == 1).all()
    own = layout.mask[..., -(HORIZON + 2) :]
    assert torch.equal(own, torch.ones_like(own).tril())
    assert float(losses["loss"]) == pytest.approx(weighted(errors(), [0] * SAMPLES * NOISES), rel=1e-4)


def test_the_frequency_loss_is_added_by_its_weight(
    vla: VLA, encoded: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    double = known(vla, encoded, monkeypatch, errors())
    plain = with_prefix(released(vla), double, 3)
    losses = with_prefix(PostTrainStage(vla, RELEASED, frequency_weight=2.0), double, 3)
    assert float(losses["loss"] - plain["loss"]) == pytest.approx(2 * float(losses["frequency"]), rel=1e-4)
    assert float(losses["frequency"]) > 0


@pytest.mark.parametrize("stage_of", [FlowStage, released])
def test_each_is_a_sample_s_own_mean(
    stage_of: Callable[[VLA], FlowStage | PostTrainStage],
    vla: VLA,
    encoded: Context,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    double = known(vla, encoded, monkeypatch, errors())
    losses = stage_of(vla)(replace(double.given, shared_seed=torch.tensor(0)))
    counted = used(after=double.prefixes[0] if stage_of is released else 0).chunk(SAMPLES)
    expected = [float(errors().square().expand_as(mask)[mask].mean()) for mask in counted]
    assert losses["each"].tolist() == pytest.approx(expected, rel=1e-4)
    assert not losses["each"].requires_grad


@pytest.mark.parametrize("stage_of", [FlowStage, released])
def test_the_action_expert_learns_and_the_vlm_is_frozen(
    stage_of: Callable[[VLA], FlowStage | PostTrainStage],
) -> None:
    torch.manual_seed(0)
    vla = small_model.build()
    select(vla, "expert")
    stage_of(vla)(batch())["loss"].backward()
    assert all(p.grad is None and not p.requires_grad for p in vla.vlm.parameters())
    assert all(p.grad is not None and bool(p.grad.any()) for p in vla.expert.parameters())
