"""The smallest stage there is, and a run of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from xr0.train.distributed import World
from xr0.train.run import Run
from xr0.train.settings import Execution, TrainSettings

HERE = World(0, 1, torch.device("cpu"))
HELD_OUT = (torch.ones(4, 4),)
EACH_STEP = Execution(log_every=1, save_every=3, validate_every=3)
SETTINGS = TrainSettings(steps=6, batch=8, lr=1e-2, muon_lr=0.02, warmup=2, seed=3, execution=EACH_STEP)


class Regression(nn.Module):
    """Learns to mirror what it reads, through noise."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.hidden = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        noise = torch.randn_like(x)
        return {"loss": (self.hidden(x + noise) - x.flip(-1)).pow(2).mean()}


def batches(k: int) -> tuple[torch.Tensor]:
    return (torch.randn(8, 4, generator=torch.Generator().manual_seed(k)),)


def run(out: Path, **identity: Any) -> Run:
    return Run(out, identity or {"data": "a"}, watched="loss")


def with_execution(settings: TrainSettings, **changes: Any) -> TrainSettings:
    return replace(settings, execution=replace(settings.execution, **changes))
