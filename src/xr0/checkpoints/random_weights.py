"""Random weights of any shape, for checkpoints that stand in for real ones: to load and to time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from xr0.checkpoints import weights
from xr0.config import ModelConfig
from xr0.model.vla import VLA

STD = 0.02
"""Spread of random matrices: Qwen's own initialisation."""


def shapes(config: ModelConfig) -> dict[str, Tensor]:
    """What a checkpoint of this shape holds, without memory behind it."""
    with torch.device("meta"):
        return weights.state_dict(VLA(config))


def parts(
    wanted: Mapping[str, Tensor], names: Sequence[Sequence[str]], seed: int
) -> Iterator[dict[str, Tensor]]:
    """bfloat16 values, group by group; a pure function of the seed and the order of the names."""
    generator = torch.Generator().manual_seed(seed)
    for part in names:
        yield {name: _value(name, wanted[name].shape, generator) for name in part}


def _value(name: str, size: torch.Size, generator: torch.Generator) -> Tensor:
    """Norms start at one, biases at zero, as in a fresh model."""
    if name.endswith("bias"):
        return torch.zeros(size, dtype=torch.bfloat16)
    if len(size) == 1:
        return torch.ones(size, dtype=torch.bfloat16)
    return torch.empty(size, dtype=torch.bfloat16).normal_(0.0, STD, generator=generator)
