"""AdamW for everything, or Muon for the hidden matrices and AdamW for the rest; one schedule for all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

from torch import nn
from torch.optim import AdamW, Optimizer

from xr0.train.muon import Muon
from xr0.train.settings import TrainSettings

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


def build(module: nn.Module, settings: TrainSettings) -> list[Optimizer]:
    """Optimisers over the parameters that require gradients; matrices decay, vectors do not."""
    hidden, matrices, vectors = [], [], []
    for name, parameter in module.named_parameters():
        if not parameter.requires_grad:
            continue
        if parameter.ndim < 2:
            vectors.append(parameter)
        elif settings.muon_lr is None or parameter.ndim > 2 or any(word in name for word in NOT_HIDDEN):
            matrices.append(parameter)
        else:
            hidden.append(parameter)
    decay = settings.weight_decay
    groups = [{"params": matrices, "weight_decay": decay}, {"params": vectors, "weight_decay": 0.0}]
    groups = [group for group in groups if group["params"]]
    optimizers: list[Optimizer] = []
    if hidden and settings.muon_lr is not None:
        optimizers.append(Muon(hidden, lr=settings.muon_lr, weight_decay=decay))
    if groups:
        optimizers.append(AdamW(groups, lr=settings.lr, betas=ADAM_BETAS))
    if not optimizers:
        raise ValueError("nothing to train: no parameter of the stage requires a gradient")
    return optimizers


def factor(step: int, settings: TrainSettings) -> float:
    """Of the learning rates at a step: a linear warm-up, then a cosine or a constant."""
    if step < settings.warmup:
        return settings.start_share + (1.0 - settings.start_share) * (step + 1) / settings.warmup
    if settings.schedule == "constant":
        return 1.0
    progress = (step - settings.warmup) / max(settings.steps - settings.warmup, 1)
    cosine = 0.5 * (1.0 + math.cos(math.pi * min(progress, 1.0)))
    return settings.final_share + (1.0 - settings.final_share) * cosine


def rate(step: int, settings: TrainSettings) -> float:
    """AdamW's learning rate at a step."""
    return settings.lr * factor(step, settings)


def set_rates(optimizers: Sequence[Optimizer], settings: TrainSettings, step: int) -> None:
    """Give every optimiser its learning rate of this step."""
    for optimizer in optimizers:
        highest = settings.lr if isinstance(optimizer, AdamW) else cast(float, settings.muon_lr)
        for group in optimizer.param_groups:
            group["lr"] = highest * factor(step, settings)
