"""What a run resumes from: a folder per save, published whole, readable by any number of processes.

Written by torch's distributed checkpoint: what is trained, the optimisers, the average of the weights. Frozen
weights are the start's and are not saved.
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.distributed.checkpoint import state_dict_loader, state_dict_saver
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_state_dict, set_state_dict
from torch.optim import Optimizer

from xr0.train.distributed import World
from xr0.train.ema import EMA

OPTIONS = StateDictOptions(ignore_frozen_params=True, flatten_optimizer_state_dict=True, strict=False)
"""Not strict: frozen parameters are missing on purpose."""

UNFINISHED = "state.new"


@dataclass(frozen=True)
class Progress:
    """Steps done, and the time they took."""

    step: int
    seconds: float


@dataclass(frozen=True)
class State:
    """All of a run that changes while it trains. Every process must save and resume."""

    out: Path
    stage: nn.Module
    optimizers: Sequence[Optimizer]
    ema: EMA
    world: World

    def save(self, progress: Progress) -> None:
        """Write a folder and publish it by renaming; only then is the one before it removed."""
        new = self.out / UNFINISHED
        if self.world.main:
            _remove(new)
        self.world.barrier()
        with warnings.catch_warnings():
            warnings.filterwarnings(
                "ignore", message="torch.distributed is disabled"
            )  # one process is enough
            state_dict_saver.save(self._tensors(progress), checkpoint_id=new, no_dist=self.world.size == 1)
        self.world.barrier()
        if self.world.main:
            older = saved(self.out)
            new.rename(self.out / f"state-{progress.step:08d}")
            for folder in older:
                _remove(folder)
        self.world.barrier()

    def resume(self) -> Progress:
        """Go back to the newest save, if there is one."""
        if self.world.main:
            for folder in (self.out / UNFINISHED, *saved(self.out)[:-1]):
                _remove(folder)  # what a killed process left
        self.world.barrier()
        folders = saved(self.out)
        if not folders:
            return Progress(0, 0.0)
        tensors = self._tensors(Progress(0, 0.0))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="torch.distributed is disabled")
            state_dict_loader.load(tensors, checkpoint_id=folders[-1], no_dist=self.world.size == 1)
        set_state_dict(
            self.stage,
            self.optimizers,
            model_state_dict=tensors["stage"],
            optim_state_dict=tensors["optimizers"],
            options=OPTIONS,
        )
        return Progress(int(tensors["step"]), float(tensors["seconds"]))

    def _tensors(self, progress: Progress) -> dict[str, Any]:
        """Names to the live tensors, so that what is read into them is in place."""
        stage, optimizers = get_state_dict(self.stage, self.optimizers, options=OPTIONS)
        return {
            "step": torch.tensor(progress.step),
            "seconds": torch.tensor(progress.seconds, dtype=torch.float64),
            "stage": stage,
            "optimizers": optimizers,
            "ema": self.ema.averages,
        }


def saved(out: Path) -> list[Path]:
    """Whole saves, oldest first; beside the newest there is one only where its removal was cut short."""
    return sorted(out.glob("state-*"))


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
