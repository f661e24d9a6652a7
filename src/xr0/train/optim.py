"""Muon for the hidden matrices, AdamW for everything else, one schedule for both."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import nn
from torch.optim import AdamW, Muon, Optimizer

NOT_HIDDEN = (
    "embed",
    "lm_head",
    "sink",
    "adaln_table",
    "projector",
    "output_layer",
    "queries",
    "heads",
)
"""Names of tables, inputs and outputs: not maps between hidden spaces, so not for Muon (its paper's rule)."""

ADAM_BETAS = (0.9, 0.95)
"""Common for transformers: a second moment that follows faster than with AdamW's own 0.999."""


@dataclass(frozen=True)
class OptimSettings:
    """Learning rates, warm-up and length of a run, in steps."""

    steps: int
    warmup: int
    muon_lr: float
    adamw_lr: float
    weight_decay: float
    grad_clip: float


def build(module: nn.Module, settings: OptimSettings) -> list[Optimizer]:
    """Optimisers over the parameters that require gradients."""
    matrices, rest = [], []
    for name, parameter in module.named_parameters():
        if not parameter.requires_grad:
            continue
        if parameter.ndim == 2 and not any(word in name for word in NOT_HIDDEN):
            matrices.append(parameter)
        else:
            rest.append(parameter)
    return [
        Muon(matrices, lr=settings.muon_lr, weight_decay=settings.weight_decay, momentum=0.95, nesterov=True),
        AdamW(rest, lr=settings.adamw_lr, weight_decay=0.0, betas=ADAM_BETAS),
    ]


def factor(step: int, settings: OptimSettings) -> float:
    """Linear warm-up, then a cosine to zero."""
    if step < settings.warmup:
        return (step + 1) / settings.warmup
    progress = (step - settings.warmup) / max(settings.steps - settings.warmup, 1)
    return 0.5 * (1.0 + math.cos(math.pi * min(progress, 1.0)))
