"""The training loop of every stage: step, log, validate, save, go on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any, TypeVar

import torch
from torch import nn

from xr0.data.loader import ahead
from xr0.train import optim
from xr0.train.clock import Clock, Feed
from xr0.train.distributed import World, to_device
from xr0.train.ema import EMA
from xr0.train.log import require_tracker
from xr0.train.report import Report
from xr0.train.run import Run
from xr0.train.settings import TrainSettings
from xr0.train.sharing import Shared
from xr0.train.state import Progress, State
from xr0.train.step import Stepper
from xr0.train.stop import Stop

Stage = TypeVar("Stage", bound=nn.Module)


def train(
    stage: Stage,
    batches: Callable[[int], tuple[Any, ...]],
    held_out: tuple[Any, ...],
    settings: TrainSettings,
    world: World,
    run: Run,
) -> Stage:
    """Bring `stage(*batches(k))["loss"]` down for settings.steps steps; the stage as it is to be exported.

    batches(k): micro-batch k = step * accumulate + micro of this process; depends on k and the rank alone.
    A stage returns scalars, "loss" among them, and may return "each", the loss of every sample [b]. It must
    train no parameter that its loss does not depend on. What is returned holds the average of the weights
    where settings.ema keeps one; a sharded stage comes back as a copy with whole weights, on the main process
    alone.

    A run that was stopped goes on as if it had not been. ValueError where run.out holds another run or the
    batch cannot be split; RuntimeError naming samples where a loss or gradient is not finite; SystemExit
    after a signal, when the step is done and saved.
    """
    execution = settings.execution
    settings.rows(world.size)
    if execution.tracker is not None:
        require_tracker(execution.tracker)
    run.claim(settings, world)
    shared = Shared(stage, settings, world)
    optimizers, ema = optim.build(stage, settings), EMA(stage, settings.ema)
    state = State(run.out, stage, optimizers, ema, world)
    before = state.resume()
    first, last = (step * execution.accumulate for step in (before.step, settings.steps))
    clock = Clock(before.seconds, execution.save_minutes)
    with (
        Stop() as stop,
        Report(run, settings, world, before.step) as report,
        closing(ahead(batches, first, last, execution.workers)) as made,
    ):
        feed = Feed(made)
        take = Stepper(shared, optimizers, ema, feed, settings)
        for step in range(before.step, settings.steps):
            outcome = take(step, lambda: (stop.asked, world.main and clock.due))
            done, ends = step + 1, step + 1 == settings.steps
            report.step(done, outcome.losses["loss"])
            if step % execution.log_every == 0 or ends:
                rates = {"lr": optim.rate(step, settings), "grad_norm": outcome.grad_norm}
                times = {"data_wait": feed.share(), "seconds": clock.seconds}
                report.row(step, {**outcome.losses, **rates, **times})
            if done % execution.validate_every == 0 or ends:
                report.row(step, {f"validation {run.watched}": _validate(shared, ema, held_out, run.watched)})
            if done % execution.save_every == 0 or ends or outcome.save or outcome.stop:
                state.save(Progress(done, clock.seconds))
                clock.saved()
            if outcome.stop:
                report.say(f"stopped after {done} steps, saved in {run.out}; the same command goes on")
                raise SystemExit(stop.status)
    ema.settle()
    return shared.whole()


def _validate(shared: Shared[Any], ema: EMA, held_out: tuple[Any, ...], watched: str) -> float:
    """One part of the loss on data that is never trained on, with the same noise each time."""
    with ema.in_place(), torch.random.fork_rng():
        torch.manual_seed(0)
        return shared.evaluate(to_device(held_out, shared.world.device))[watched].item()
