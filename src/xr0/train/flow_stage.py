"""Stage 2, `pretrain_flow`: the action expert learns flow matching from scratch, behind a VLM that is frozen.

One VLM pass serves several noises (arXiv 2602.12684, step 2 of pre-training; `training_repeat` of XR0.py).
Which parameters learn is `trainable.select`'s to say; a VLM of which some do is part of the graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from xr0.config import CAUSAL
from xr0.model import flow
from xr0.model.expert import Expert
from xr0.train import draws
from xr0.train.losses import masked_mean, per_sample
from xr0.types import Batch, Context

Model = TypeVar("Model", bound=Expert)

NOISES_PER_PASS = 4
"""Independent noises and times per VLM pass (the released training code's training_repeat)."""


@dataclass(frozen=True)
class Samples:
    """A batch with NOISES_PER_PASS rows for each sample: noise and flow time t are a row's own."""

    context: Context
    state: Float[Tensor, "r 1 s"]
    action: Float[Tensor, "r t d"]
    mask: Float[Tensor, "r t d"]
    noise: Float[Tensor, "r t d"]
    t: Float[Tensor, " r"]


def noised(vla: Expert, batch: Batch) -> Samples:
    """One VLM pass, with a graph if any of the VLM learns, and what is drawn from the samples' seeds."""
    learns = any(parameter.requires_grad for parameter in vla.vlm.parameters())
    with torch.set_grad_enabled(learns and torch.is_grad_enabled()):
        context = vla.encode(batch.vlm).repeat(NOISES_PER_PASS)
    state, action, mask = (
        tensor.repeat_interleave(NOISES_PER_PASS, dim=0)
        for tensor in (batch.state, batch.actions, batch.action_mask)
    )
    _, ticks, slots = action.shape
    noise = draws.normal(batch.seeds, draws.NOISE, (ticks, NOISES_PER_PASS, slots)).transpose(1, 2)
    u = draws.uniform(batch.seeds, draws.TIME, (NOISES_PER_PASS,))
    return Samples(context, state, action, mask, noise.flatten(0, 1), flow.training_time(u.flatten()))


class FlowStage(nn.Module, Generic[Model]):
    """The stage's loss."""

    watched = "loss"

    def __init__(self, vla: Model) -> None:
        super().__init__()
        self.vla: Model = vla

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """loss: mean squared error of the velocity over the slots in use; each: of every sample."""
        given = noised(self.vla, batch)
        action = given.action
        x = flow.interpolate(given.noise, action, given.t)
        lengths = torch.zeros(len(action), dtype=torch.long, device=action.device)
        layout = self.vla.layout(given.context, action.shape[1], lengths, CAUSAL)
        modulation, leading = self.vla.modulation(given.t), self.vla.leading(given.state)
        v = self.vla.velocity(x, modulation, leading, given.context, given.mask, layout)
        squared = (v - (action - given.noise)) ** 2
        return {
            "loss": masked_mean(squared, given.mask),
            "each": per_sample(squared, given.mask, len(batch.seeds)),
        }
