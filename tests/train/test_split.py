"""The losses of a step do not depend on how its samples are split over processes.

Two threads stand for two processes: each computes the stage's loss of its part, and they meet in all_reduce.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import small_model
import torch
import torch.distributed as dist
from torch import nn

from xr0.train.choice_stage import ChoiceStage
from xr0.train.flow_stage import FlowStage
from xr0.train.post_train import PostTrainStage
from xr0.train.prefixes import PAPER, RELEASED
from xr0.train.trainable import select
from xr0.types import Batch, LanguageBatch, VLMInputs

HORIZONS = (9, 4, 7, 7)
"""Of the four samples of a step: robots differ, and so does the padding of its parts."""


def batch(samples: Sequence[int]) -> Batch:
    """Samples of one step."""
    horizon = max(HORIZONS[k] for k in samples)
    mask = torch.zeros(len(samples), horizon, 32)
    state, actions = torch.zeros(len(samples), 1, 32), torch.zeros(len(samples), horizon, 32)
    for i, k in enumerate(samples):
        generator = torch.Generator().manual_seed(k)
        mask[i, : HORIZONS[k], : 3 + k] = 1
        state[i] = torch.randn(1, 32, generator=generator)
        actions[i, : HORIZONS[k]] = torch.randn(HORIZONS[k], 32, generator=generator)
    seen = small_model.inputs([small_model.row([5, 6, 7][: k + 1], k) for k in samples])
    shared_seed, origin = torch.tensor(4), tuple(f"sample {k}" for k in samples)
    return Batch(
        seen,
        state,
        actions,
        mask,
        torch.tensor(samples),
        shared_seed,
        origin,
        torch.zeros(len(samples)).long(),
    )


def words(samples: Sequence[int]) -> LanguageBatch:
    """Of sample k an answer of k + 1 tokens."""
    ids = torch.tensor([[1, 5, 6, 7, 8 + k] for k in samples])
    answer = torch.arange(5) >= torch.tensor([4 - k for k in samples])[:, None]
    pixels, grids = torch.zeros(0, 96), torch.zeros(0, 3, dtype=torch.long)
    return LanguageBatch(VLMInputs(ids, torch.ones_like(ids), pixels, grids), answer)


class Meeting:
    """all_reduce of two threads."""

    def __init__(self) -> None:
        self.barrier = threading.Barrier(2, timeout=60)
        self.given: dict[int, torch.Tensor] = {}

    def all_reduce(self, value: torch.Tensor) -> None:
        self.given[threading.get_ident()] = value.clone()
        self.barrier.wait()
        total = sum(self.given.values())
        self.barrier.wait()
        value.copy_(torch.as_tensor(total))


def choice() -> nn.Module:
    torch.manual_seed(2)
    return ChoiceStage(small_model.build(), max(HORIZONS))


def flow() -> nn.Module:
    vla = small_model.build()
    select(vla, "expert")
    return FlowStage(vla)


def post(rule_name: str) -> nn.Module:
    vla = small_model.build()
    select(vla, "all")
    return PostTrainStage(vla, {"paper": PAPER, "released": RELEASED}[rule_name], frequency_weight=2.0)


def run(stage: nn.Module, samples: Sequence[int]) -> dict[str, torch.Tensor]:
    arguments = (batch(samples), words(samples)) if isinstance(stage, ChoiceStage) else (batch(samples),)
    losses = stage(*arguments)
    losses["loss"].backward()
    return {name: loss.detach() for name, loss in losses.items()}


@pytest.mark.parametrize(
    "build", [choice, flow, lambda: post("paper"), lambda: post("released")], ids=["c", "f", "paper", "rel"]
)
def test_two_halves_have_the_whole_s_losses_and_gradients(
    build: Callable[[], nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, halves = build(), (build(), build())
    expected = run(whole, [0, 1, 2, 3])
    meeting, got = Meeting(), dict[int, dict[str, torch.Tensor]]()
    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    monkeypatch.setattr(dist, "get_world_size", lambda: 2)
    monkeypatch.setattr(dist, "all_reduce", meeting.all_reduce)
    threads = [
        threading.Thread(target=lambda k=k: got.update({k: run(halves[k], [2 * k, 2 * k + 1])}))
        for k in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, loss in expected.items():
        parts = torch.stack([got[k][name] for k in range(2)])
        torch.testing.assert_close(
            parts.flatten() if name == "each" else parts.mean(), loss, atol=1e-5, rtol=1e-5
        )
    for p, a, b in zip(whole.parameters(), *(half.parameters() for half in halves), strict=True):
        if p.grad is not None:
            assert a.grad is not None
            assert b.grad is not None
            torch.testing.assert_close((a.grad + b.grad) / 2, p.grad, atol=1e-5, rtol=1e-3)


def test_a_sample_s_losses_are_the_same_alone() -> None:
    stage = post("paper")
    together = run(stage, [0, 1, 2, 3])["error"]
    assert together.isfinite()
    plain = flow()
    each = run(plain, [0, 1, 2, 3])["each"]
    for k in range(4):
        assert float(run(plain, [k])["loss"]) == pytest.approx(float(each[k]), rel=1e-5)


def test_a_broken_sample_is_found_by_its_own_loss() -> None:
    given = batch([0, 1, 2, 3])
    actions = given.actions.clone()
    actions[2, 0, 0] = torch.nan
    losses = post("paper")(replace(given, actions=actions))
    assert not losses["loss"].isfinite()
    assert losses["each"].isfinite().tolist() == [True, True, False, True]
