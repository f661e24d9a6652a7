"""The training loop of every stage: step, log, save, validate, resume."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_

from xr0.train import optim
from xr0.train.distributed import World, to_device

LOG_EVERY, SAVE_EVERY = 20, 100
"""Steps; validation comes with saving."""

STATE, METRICS = "state.pt", "metrics.jsonl"


@dataclass(frozen=True)
class Run:
    """Where a run lives and what it is.

    out/state.pt is what it resumes from, out/metrics.jsonl what it did. identity: changes with anything that
    makes it another run. watched: the part of the loss that is measured on held-out data.
    """

    out: Path
    seed: int
    identity: str
    watched: str


def train(
    stage: nn.Module,
    batches: Callable[[int], tuple[Any, ...]],
    held_out: tuple[Any, ...],
    settings: optim.OptimSettings,
    world: World,
    run: Run,
) -> None:
    """Bring `stage(*batches(step))["loss"]` down for settings.steps steps.

    batches(step) must depend on nothing but the step and the process's rank: then a run that was stopped goes
    on as if it had not been. ValueError if `run.out` holds a run of another identity.
    """
    wrapped = world.wrap(stage)
    optimizers = optim.build(stage, settings)
    base = [[group["lr"] for group in optimizer.param_groups] for optimizer in optimizers]
    parameters = [p for p in stage.parameters() if p.requires_grad]
    start, spent_s = _resume(run, stage, optimizers, world)
    began_s = time.monotonic() - spent_s
    for step in range(start, settings.steps):
        torch.manual_seed(hash_seed(run.seed, step, world.rank))
        for optimizer, rates in zip(optimizers, base, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * optim.factor(step, settings)
        losses = wrapped(*to_device(batches(step), world.device))
        losses["loss"].backward()
        norm = clip_grad_norm_(parameters, settings.grad_clip)
        if not torch.isfinite(norm):
            raise RuntimeError(f"step {step}: gradient norm is {norm.item()}, losses {_plain(losses)}")
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        last, spent_s = step + 1 == settings.steps, time.monotonic() - began_s
        if world.main and (step % LOG_EVERY == 0 or last):
            _log(run.out, {"step": step, "seconds": round(spent_s, 1), **_plain(losses)})
        if (step + 1) % SAVE_EVERY == 0 or last:
            validation = _validate(stage, to_device(held_out, world.device), run.watched)
            if not world.main:
                continue
            _log(run.out, {"step": step, f"validation {run.watched}": validation})
            _save(run, stage, optimizers, step + 1, spent_s)
    world.barrier()


def hash_seed(seed: int, step: int, rank: int) -> int:
    """A seed for each (run, step, process)."""
    return (seed * 1_000_003 + step) * 1_009 + rank


def _validate(stage: nn.Module, held_out: tuple[Any, ...], watched: str) -> float:
    """One part of the loss on data that is never trained on; its means are over all processes."""
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(0)
        return _plain(stage(*held_out))[watched]


def _plain(losses: Mapping[str, torch.Tensor]) -> dict[str, float]:
    return {name: round(value.item(), 5) for name, value in losses.items() if value.ndim == 0}


def _log(out: Path, row: Mapping[str, float | int]) -> None:
    with (out / METRICS).open("a") as file:
        file.write(json.dumps(row) + "\n")
    print("  ".join(f"{name} {value:g}" for name, value in row.items()), flush=True)


def _save(
    run: Run, stage: nn.Module, optimizers: list[torch.optim.Optimizer], step: int, spent_s: float
) -> None:
    state = {
        "identity": run.identity,
        "step": step,
        "seconds": spent_s,
        "stage": stage.state_dict(),
        "optimizers": [o.state_dict() for o in optimizers],
    }
    new = run.out / f"{STATE}.new"
    torch.save(state, new)
    new.replace(run.out / STATE)


def _resume(
    run: Run, stage: nn.Module, optimizers: list[torch.optim.Optimizer], world: World
) -> tuple[int, float]:
    """First step and seconds spent before it; what was logged beyond it is dropped, it comes again."""
    path = run.out / STATE
    if not path.exists():
        run.out.mkdir(parents=True, exist_ok=True)
        if world.main:
            (run.out / METRICS).unlink(missing_ok=True)
        return 0, 0.0
    state = torch.load(path, weights_only=True, map_location=world.device)
    if state["identity"] != run.identity:
        raise ValueError(
            f"{run.out}: holds a run with other settings, data or start; remove it or choose another"
        )
    stage.load_state_dict(state["stage"])
    for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(saved)
    if world.main:
        rows = (run.out / METRICS).read_text().splitlines(keepends=True)
        (run.out / METRICS).write_text("".join(r for r in rows if json.loads(r)["step"] < state["step"]))
    return int(state["step"]), float(state["seconds"])
