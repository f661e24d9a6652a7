"""Means that do not depend on how a batch is split over processes, and what is averaged in stages 2 and 3."""

from __future__ import annotations

import torch
from jaxtyping import Complex, Float, Int
from torch import Tensor

from xr0.train.distributed import shared_count

NOTHING = 1e-6
"""Stands in for a count of zero: its sum is zero too."""


def pooled_mean(total: Float[Tensor, ""], count: Float[Tensor, ""]) -> Float[Tensor, ""]:
    """A sum of this process over the count of all: averaged over the processes it is the mean."""
    return total / shared_count(count).clamp(min=NOTHING)


def masked_mean(value: Float[Tensor, "b t d"], mask: Float[Tensor, "b t d"]) -> Float[Tensor, ""]:
    """Mean of `value` over the slots in use."""
    return pooled_mean((value * mask).sum(), mask.sum())


def per_sample(
    value: Float[Tensor, "r t d"], mask: Float[Tensor, "r t d"], samples: int
) -> Float[Tensor, " b"]:
    """Each sample's own mean over the slots in use of its rows, which follow one another; no gradient."""
    total, count = (value.detach() * mask).view(samples, -1).sum(1), mask.reshape(samples, -1).sum(1)
    return total / count.clamp(min=NOTHING)


def frequency_loss(
    error: Float[Tensor, "b t d"], mask: Float[Tensor, "b t d"], weight: Float[Tensor, "b t d"]
) -> Float[Tensor, ""]:
    """Mean of weight |rFFT(predicted) - rFFT(target)| over frequencies and slots in use.

    error: predicted - target. A row's transform covers the ticks that count, from its first to its last, and
    has the mean weight of its slots in use (released XR0.py, which transforms padding as well).
    """
    ticks = mask.any(dim=2)
    after, before = ticks.cumsum(1) > 0, ticks.flip(1).cumsum(1).flip(1) > 0
    lengths = (after & before).sum(1)
    magnitude = spectrum(error * mask, lengths).abs()
    frequencies = torch.arange(magnitude.shape[1], device=error.device)
    counted = (frequencies <= (lengths // 2)[:, None]) & (lengths > 0)[:, None]
    used = counted[:, :, None] & mask.any(dim=1)[:, None]
    row = (weight * mask).sum((1, 2)) / mask.sum((1, 2)).clamp(min=NOTHING)
    return pooled_mean((magnitude * used * row[:, None, None]).sum(), used.sum().float())


def spectrum(signal: Float[Tensor, "b t d"], lengths: Int[Tensor, " b"]) -> Complex[Tensor, "b k d"]:
    """rFFT over time of signals that fill `lengths` ticks each and are zero elsewhere, up to a phase.

    Row b has lengths[b] // 2 + 1 frequencies; what stands behind them is not one of its own.
    """
    ticks = torch.arange(signal.shape[1], device=signal.device)
    frequencies = ticks[: signal.shape[1] // 2 + 1]
    turns = frequencies[:, None] * ticks / lengths.clamp(min=1)[:, None, None]
    return torch.polar(torch.ones_like(turns), -2 * torch.pi * turns) @ signal.to(torch.complex64)
