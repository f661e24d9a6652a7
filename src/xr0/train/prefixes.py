"""How post-training draws the clean prefix of committed actions.

    PAPER     0 to 6 ticks, uniform, for each sample on its own (arXiv 2602.12684, post-training)
    RELEASED  half of the steps none, else 1 to 6 ticks, the same for the whole step; its older tokens are
              hidden at random (released XR0.py)
    FULL      as PAPER, but every action sees all of the prefix (arXiv 2512.05964)
    SYNC      none: for a robot that waits for each chunk
    BRIDGED   as PAPER, with the motion of another moment, and a way back behind it (`bridge`)

A prefix leaves at least one tick of a robot's horizon to be learned. What a robot did of its own accord
before a person took over is a prefix, as long as it is, under each rule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from xr0 import config
from xr0.config import CAUSAL, WINDOWED, Contract
from xr0.data.samples import Mix
from xr0.train import bridge, draws
from xr0.types import Batch

PREFIX_PROBABILITY = 0.5
"""Of a step carrying a prefix (released XR0.py); otherwise it trains synchronous inference."""

KEPT_PREFIX = 2
"""The newest prefix tokens are never hidden (released XR0.py)."""

HIDE_PROBABILITY = 0.5
"""Of each older prefix token (released XR0.py)."""


@dataclass(frozen=True)
class Prefixes:
    """Of each row: the prefix's length [ticks], and which of its ticks the actions after it do not see."""

    lengths: Int[Tensor, " b"]
    hidden: Bool[Tensor, "b t"]

    def repeat(self, times: int) -> Prefixes:
        """Each row `times` times in a row."""
        return Prefixes(
            self.lengths.repeat_interleave(times, dim=0), self.hidden.repeat_interleave(times, dim=0)
        )


@dataclass(frozen=True)
class PrefixRule:
    """A way to draw prefixes, the contract of a model that was trained with it, and what the samples' actions
    are mixed with, if anything."""

    draw: Callable[[Batch], Prefixes]
    contract: Contract
    mix: Mix | None = None

    def prefixes(self, batch: Batch) -> Prefixes:
        """As drawn, or what is not to be learnt, all of it seen."""
        drawn, committed = self.draw(batch), batch.committed
        forced = committed > 0
        return Prefixes(torch.where(forced, committed, drawn.lengths), drawn.hidden & ~forced[:, None])


def longest(mask: Float[Tensor, "b t d"]) -> Int[Tensor, " b"]:
    """Of the prefixes that each sample can have: one tick of its own horizon stays."""
    behind = mask.any(dim=2).flip(1).cumsum(1).flip(1) > 0
    return (behind.sum(1) - 1).clamp(0, WINDOWED.max_prefix)


def _paper(batch: Batch) -> Prefixes:
    u = draws.uniform(batch.seeds, draws.PREFIX, ())
    lengths = (u * (longest(batch.action_mask) + 1)).long()
    return Prefixes(lengths, _nothing_hidden(batch))


def _released(batch: Batch) -> Prefixes:
    shared = batch.shared_seed[None]
    chance, u = draws.uniform(shared, draws.PREFIX, (2,))[0]
    most = longest(batch.action_mask)
    lengths = torch.where(chance < PREFIX_PROBABILITY, (1 + (u * most).long()).minimum(most), 0)
    hide = draws.uniform(shared, draws.HIDDEN, batch.actions.shape[1:2]) < HIDE_PROBABILITY
    ticks = torch.arange(batch.actions.shape[1], device=lengths.device)
    return Prefixes(lengths, hide & (ticks < (lengths - KEPT_PREFIX)[:, None]))


def _none(batch: Batch) -> Prefixes:
    return Prefixes(torch.zeros_like(batch.seeds), _nothing_hidden(batch))


def _nothing_hidden(batch: Batch) -> Bool[Tensor, "b t"]:
    return torch.zeros(batch.actions.shape[:2], dtype=torch.bool, device=batch.actions.device)


PAPER = PrefixRule(_paper, WINDOWED)
RELEASED = PrefixRule(_released, WINDOWED)
FULL = PrefixRule(_paper, config.FULL)
SYNC = PrefixRule(_none, CAUSAL)
BRIDGED = PrefixRule(_paper, WINDOWED, bridge.bridge)
