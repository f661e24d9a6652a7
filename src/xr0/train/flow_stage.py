"""Stage 2, `pretrain_flow`: the VLM is frozen, the action expert learns flow matching from scratch.

One VLM pass serves several noises (arXiv 2602.12684, step 2 of pre-training; `training_repeat` of XR0.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from xr0.config import CAUSAL
from xr0.model import flow
from xr0.model.vla import VLA
from xr0.types import Batch, Context

NOISES_PER_PASS = 4
"""Independent noises and times per VLM pass (the released training code's training_repeat)."""


@dataclass(frozen=True)
class Samples:
    """A batch repeated for its noises."""

    context: Context
    state: Float[Tensor, "b 1 s"]
    action: Float[Tensor, "b t d"]
    mask: Float[Tensor, "b t d"]


def frozen_samples(vla: VLA, batch: Batch) -> Samples:
    """One VLM pass without a graph, and everything else beside it, NOISES_PER_PASS times."""
    with torch.no_grad():
        context = vla.encode(batch.vlm).repeat(NOISES_PER_PASS)
    state, action, mask = (
        tensor.repeat_interleave(NOISES_PER_PASS, dim=0)
        for tensor in (batch.state, batch.actions, batch.action_mask)
    )
    return Samples(context, state, action, mask)


def masked_mean(value: Float[Tensor, "b t d"], weight: Float[Tensor, "b t d"]) -> Float[Tensor, ""]:
    """Mean of `value` where `weight` is not zero, weighted."""
    return (value * weight).sum() / weight.sum().clamp(min=1.0)


class FlowStage(nn.Module):
    """The stage's loss."""

    watched = "loss"

    def __init__(self, vla: VLA) -> None:
        super().__init__()
        self.vla = vla
        vla.vlm.requires_grad_(False)

    def forward(self, batch: Batch) -> dict[str, Float[Tensor, ""]]:
        """Mean squared error of the velocity over the slots in use."""
        given = frozen_samples(self.vla, batch)
        action = given.action
        noise = torch.randn_like(action)
        t = flow.sample_time(len(action)).to(action)
        x = flow.interpolate(noise, action, t)
        lengths = torch.zeros(len(action), dtype=torch.long, device=action.device)
        layout = self.vla.layout(given.context, action.shape[1], lengths, CAUSAL)
        modulation, leading = self.vla.modulation(t), self.vla.leading(given.state)
        v = self.vla.velocity(x, modulation, leading, given.context, given.mask, layout)
        return {"loss": masked_mean((v - (action - noise)) ** 2, given.mask)}
