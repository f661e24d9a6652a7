"""Stage 3, `post_train`: asynchronous execution. The model learns to continue actions already committed.

Half of the batches carry a clean prefix of 1 to 6 ticks. The Λ-shaped window and the position offset keep the
rest of the chunk looking at the world; older prefix tokens are hidden at random; what a 5-step rollout gets
wrong weighs more (arXiv 2602.12684, post-training; numbers and the hiding from the released XR0.py).
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from xr0.config import FLOW_STEPS, WINDOWED
from xr0.model import flow, masks
from xr0.model.vla import VLA
from xr0.train.flow_stage import Samples, frozen_samples, masked_mean
from xr0.types import Batch

PREFIX_PROBABILITY = 0.5
"""Of a batch carrying a prefix; otherwise it trains synchronous inference."""

KEPT_PREFIX = 2
"""The newest prefix tokens are never hidden."""

HIDE_PROBABILITY = 0.5
"""Of each older prefix token, drawn once per batch."""

WEIGHT_RANGE = (0.5, 5.0)
"""Error-driven weights are clamped to this."""


def draw_prefix(horizon: int) -> int:
    """Prefix length [ticks] of a batch: 0 with probability 1/2, else uniform on 1..max."""
    if torch.rand(()) >= PREFIX_PROBABILITY:
        return 0
    return int(torch.randint(1, min(WINDOWED.max_prefix, horizon) + 1, ()))


def draw_hidden(prefix_length: int) -> Bool[Tensor, " n"]:
    """Which of the older prefix tokens this batch hides."""
    return torch.rand(max(prefix_length - KEPT_PREFIX, 0)) < HIDE_PROBABILITY


def error_weights(
    generated: Float[Tensor, "b t d"], action: Float[Tensor, "b t d"], mask: Float[Tensor, "b t d"]
) -> Float[Tensor, "b t d"]:
    """|generated - action| over its masked mean, clamped; 0 outside the mask."""
    error = (generated - action).abs()
    return (error / masked_mean(error, mask).clamp(min=1e-6)).clamp(*WEIGHT_RANGE) * mask


class PostTrainStage(nn.Module):
    """The stage's loss."""

    watched = "error"

    def __init__(self, vla: VLA) -> None:
        super().__init__()
        self.vla = vla
        vla.vlm.requires_grad_(False)

    def forward(self, batch: Batch) -> dict[str, Float[Tensor, ""]]:
        """Weighted mean squared error of the velocity after the prefix."""
        given = frozen_samples(self.vla, batch)
        action, p = given.action, draw_prefix(batch.actions.shape[1])
        clean = action[:, :p]
        mask = torch.cat([torch.zeros_like(given.mask[:, :p]), given.mask[:, p:]], dim=1)
        noise = torch.randn_like(action)
        weight = self._weights(given, noise, p, mask) if p > 0 else mask
        t = flow.sample_time(len(action)).to(action)
        x = torch.cat([clean, flow.interpolate(noise, action, t)[:, p:]], dim=1)
        own = masks.action_mask_dit(action.shape[1], WINDOWED.window, action.device)
        own = masks.hide_prefix(own, draw_hidden(p).to(action.device), p)
        lengths = torch.full((len(action),), p, device=action.device)
        layout = self.vla.layout(given.context, action.shape[1], lengths, WINDOWED, own)
        modulation, leading = self.vla.modulation(t), self.vla.leading(given.state)
        v = self.vla.velocity(x, modulation, leading, given.context, given.mask, layout)
        squared = (v - (action - noise)) ** 2
        loss = (squared * weight).sum() / mask.sum().clamp(min=1.0)
        return {"loss": loss, "error": masked_mean(squared, mask)}

    @torch.no_grad()
    def _weights(
        self,
        given: Samples,
        noise: Float[Tensor, "b t d"],
        p: int,
        mask: Float[Tensor, "b t d"],
    ) -> Float[Tensor, "b t d"]:
        """What a rollout from this noise, with this prefix, gets wrong."""
        prefix = flow.Prefix(given.action, torch.full((len(noise),), p, device=noise.device))
        generated = self.vla.sample(
            given.context,
            given.state,
            given.mask,
            noise,
            WINDOWED,
            self.vla.schedule(FLOW_STEPS),
            prefix,
        )
        return error_weights(generated, given.action, mask)
