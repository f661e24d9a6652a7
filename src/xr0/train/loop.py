"""The training loop of every stage: step, log, save, resume."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_

from xr0.train import optim
from xr0.train.distributed import World

LOG_EVERY, SAVE_EVERY = 20, 100
"""Steps."""


def train(
    stage: nn.Module,
    batches: Callable[[int], tuple[Any, ...]],
    settings: optim.OptimSettings,
    world: World,
    out: Path,
    seed: int,
) -> None:
    """Run `stage(*batches(step))["loss"]` down for settings.steps steps.

    batches(step) must depend on nothing but the step (and the rank it was made for), which makes a run
    resumable: state is kept in out/state.pt, metrics in out/metrics.jsonl.
    """
    wrapped = world.wrap(stage)
    optimizers = optim.build(stage, settings)
    base = [[group["lr"] for group in optimizer.param_groups] for optimizer in optimizers]
    parameters = [p for p in stage.parameters() if p.requires_grad]
    start = _resume(out, stage, optimizers)
    clock = time.monotonic()
    for step in range(start, settings.steps):
        torch.manual_seed(hash_seed(seed, step, world.rank))
        for optimizer, rates in zip(optimizers, base, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * optim.factor(step, settings)
        losses = wrapped(*batches(step))
        losses["loss"].backward()
        norm = clip_grad_norm_(parameters, settings.grad_clip)
        if not torch.isfinite(norm):
            raise RuntimeError(f"step {step}: gradient norm is {norm.item()}, losses {_plain(losses)}")
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        last = step + 1 == settings.steps
        if world.main and (step % LOG_EVERY == 0 or last):
            _log(out, {"step": step, "seconds": round(time.monotonic() - clock, 1), **_plain(losses)})
        if world.main and ((step + 1) % SAVE_EVERY == 0 or last):
            _save(out, stage, optimizers, step + 1)
    world.barrier()


def hash_seed(seed: int, step: int, rank: int) -> int:
    """A seed for each (run, step, process)."""
    return (seed * 1_000_003 + step) * 1_009 + rank


def _plain(losses: dict[str, torch.Tensor]) -> dict[str, float]:
    return {name: round(value.item(), 5) for name, value in losses.items()}


def _log(out: Path, row: Mapping[str, float | int]) -> None:
    with (out / "metrics.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")
    print("  ".join(f"{name} {value:g}" for name, value in row.items()), flush=True)


def _save(out: Path, stage: nn.Module, optimizers: list[torch.optim.Optimizer], step: int) -> None:
    state = {"step": step, "stage": stage.state_dict(), "optimizers": [o.state_dict() for o in optimizers]}
    torch.save(state, out / "state.pt.new")
    (out / "state.pt.new").replace(out / "state.pt")


def _resume(out: Path, stage: nn.Module, optimizers: list[torch.optim.Optimizer]) -> int:
    path = out / "state.pt"
    if not path.exists():
        out.mkdir(parents=True, exist_ok=True)
        return 0
    state = torch.load(path, weights_only=True, map_location="cpu")
    stage.load_state_dict(state["stage"])
    for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(saved)
    return int(state["step"])
