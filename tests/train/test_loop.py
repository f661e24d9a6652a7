"""A run that was stopped and goes on ends where an uninterrupted one ends, bit for bit."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from xr0.train import loop
from xr0.train.distributed import World
from xr0.train.optim import OptimSettings

SETTINGS = OptimSettings(steps=6, warmup=2, muon_lr=0.02, adamw_lr=1e-2, weight_decay=0.0, grad_clip=1.0)
HERE = World(0, 1, torch.device("cpu"))


class Regression(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.hidden = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        noise = torch.randn_like(x)
        return {"loss": (self.hidden(x + noise) - x.flip(-1)).pow(2).mean()}


def batches(step: int) -> tuple[torch.Tensor]:
    return (torch.randn(8, 4, generator=torch.Generator().manual_seed(step)),)


def test_resuming_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, halves = Regression(), Regression()
    loop.train(whole, batches, SETTINGS, HERE, tmp_path / "whole", seed=3)

    monkeypatch.setattr(loop, "SAVE_EVERY", 3)

    def stops(step: int) -> tuple[torch.Tensor]:
        if step == 4:
            raise KeyboardInterrupt
        return batches(step)

    with pytest.raises(KeyboardInterrupt):
        loop.train(halves, stops, SETTINGS, HERE, tmp_path / "halves", seed=3)
    again = Regression()
    loop.train(again, batches, SETTINGS, HERE, tmp_path / "halves", seed=3)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


def test_a_gradient_that_is_not_finite_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="step 0: gradient norm is nan"):
        loop.train(
            Regression(),
            lambda step: (torch.full((8, 4), float("nan")),),
            SETTINGS,
            HERE,
            tmp_path / "nan",
            seed=0,
        )


def test_training_reduces_the_loss(tmp_path: Path) -> None:
    stage = Regression()
    longer = replace(SETTINGS, steps=200)
    loop.train(stage, batches, longer, HERE, tmp_path / "run", seed=0)
    before, after = (m(torch.ones(256, 4).cumsum(-1))["loss"].item() for m in (Regression(), stage))
    assert after < before
