"""One optimiser step of a stage, over its micro-batches and all processes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer

from xr0.train import optim
from xr0.train.clock import Feed
from xr0.train.distributed import shared_mean, to_device
from xr0.train.ema import EMA
from xr0.train.finite import Seen, blame
from xr0.train.settings import TrainSettings
from xr0.train.sharing import Shared


@dataclass(frozen=True)
class Outcome:
    """Of a step: means over processes and micro-batches, and whether any process wants to stop or save."""

    losses: dict[str, float]
    grad_norm: float
    stop: bool
    save: bool


class Stepper:
    """Takes steps; every process must take each."""

    def __init__(
        self,
        shared: Shared[Any],
        optimizers: Sequence[Optimizer],
        ema: EMA,
        feed: Feed,
        settings: TrainSettings,
    ) -> None:
        self.shared, self.feed, self.settings = shared, feed, settings
        self.optimizers, self.ema = optimizers, ema
        self._trained = {n: p for n, p in shared.stage.named_parameters() if p.requires_grad}

    def __call__(self, step: int, wishes: Callable[[], tuple[bool, bool]]) -> Outcome:
        """Take step `step`. wishes: whether this process wants to stop and to save, asked late in the step.

        RuntimeError, with nothing changed, where loss or gradient is not finite.
        """
        count = self.settings.execution.accumulate
        optim.set_rates(self.optimizers, self.settings, step)
        seen = [self._backward(step * count + i, last=i + 1 == count) for i in range(count)]
        self._require_gradients(step)
        norm = clip_grad_norm_(self._trained.values(), self.settings.grad_clip)
        outcome = _agree(seen, norm.full_tensor() if isinstance(norm, DTensor) else norm, wishes())
        if not all(map(math.isfinite, (*outcome.losses.values(), outcome.grad_norm))):
            losses = ", ".join(f"{name} {value:g}" for name, value in outcome.losses.items())
            raise RuntimeError(f"step {step}: {losses}, gradient norm {outcome.grad_norm:g}; {blame(seen)}")
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad()
        self.ema.update()
        return outcome

    def _backward(self, k: int, last: bool) -> Seen:
        """Add the gradients of micro-batch k."""
        arguments = to_device(self.feed.next(), self.shared.world.device)
        torch.manual_seed(hash_seed(self.settings.seed, k, self.shared.world.rank))
        with self.shared.averaging(gradients=last):
            losses = self.shared.forward(arguments)
            (losses["loss"] / self.settings.execution.accumulate).backward()
        return Seen.of(arguments, losses)

    def _require_gradients(self, step: int) -> None:
        """Processes can only agree about parameters that take part in every step."""
        if without := [name for name, p in self._trained.items() if p.grad is None]:
            raise RuntimeError(
                f"step {step}: {without[0]} is trained but the loss does not depend on it "
                f"({len(without)} such parameters); freeze what the stage does not use"
            )


def hash_seed(seed: int, step: int, rank: int) -> int:
    """A seed for each (run, micro-batch, process)."""
    return (seed * 1_000_003 + step) * 1_009 + rank


def _agree(seen: Sequence[Seen], norm: Tensor, wishes: tuple[bool, bool]) -> Outcome:
    """One exchange for all that processes must know of one another."""
    names = [name for name in seen[0].losses if name != "each"]
    losses = torch.stack([torch.stack([micro.losses[n].float() for n in names]) for micro in seen]).mean(
        dim=0
    )
    shared = shared_mean(torch.cat([losses, losses.new_tensor(wishes)]))
    *means, stop, save = shared.tolist()
    return Outcome(dict(zip(names, means, strict=True)), norm.item(), stop > 0, save > 0)
