"""Stage 3, `post_train`: asynchronous execution. The model learns to continue actions already committed.

A clean prefix stands before the noise (`prefixes`). The Λ-shaped window and the position offset keep the rest
of the chunk looking at the world; what a 5-step rollout gets wrong weighs more (arXiv 2602.12684,
post-training; numbers from the released XR0.py).
"""

from __future__ import annotations

from typing import Generic

import torch
from jaxtyping import Float
from torch import Tensor, nn

from xr0.config import FLOW_STEPS
from xr0.model import flow, masks
from xr0.train.distributed import shared_count
from xr0.train.flow_stage import NOISES_PER_PASS, Model, Samples, noised
from xr0.train.losses import NOTHING, frequency_loss, masked_mean, per_sample, pooled_mean
from xr0.train.prefixes import PrefixRule
from xr0.types import Batch

WEIGHT_RANGE = (0.5, 5.0)
"""Error-driven weights are clamped to this."""

RELEASED_FREQUENCY_WEIGHT = 2.0
"""Of the frequency loss beside the squared error: 1.0 beside 0.5 in the released XR0.py."""


def error_weights(
    generated: Float[Tensor, "r t d"], action: Float[Tensor, "r t d"], mask: Float[Tensor, "r t d"]
) -> Float[Tensor, "r t d"]:
    """|generated - action| over its mean in all processes' slots in use, clamped; 0 outside the mask."""
    error = (generated - action).abs()
    mean = shared_count((error * mask).sum()) / shared_count(mask.sum()).clamp(min=NOTHING)
    return (error / mean.clamp(min=NOTHING)).clamp(*WEIGHT_RANGE) * mask


class PostTrainStage(nn.Module, Generic[Model]):
    """The stage's loss. frequency_weight: of the frequency loss, 0 where there is none."""

    watched = "error"

    def __init__(self, vla: Model, rule: PrefixRule, frequency_weight: float) -> None:
        super().__init__()
        self.vla: Model = vla
        self.rule, self.frequency_weight = rule, frequency_weight

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """loss: weighted errors of the velocity after the prefix; error: its plain mean square, and each
        sample's."""
        given, drawn = noised(self.vla, batch), self.rule.prefixes(batch).repeat(NOISES_PER_PASS)
        prefix = flow.Prefix(given.action, drawn.lengths)
        mask = given.mask * ~prefix.held()
        weight = self._weights(given, prefix, mask)
        x = torch.where(prefix.held(), given.action, flow.interpolate(given.noise, given.action, given.t))
        horizon = given.action.shape[1]
        own = masks.action_mask_dit(horizon, self.rule.contract.window, x.device)
        own = masks.hide_prefix(own, drawn.hidden, drawn.lengths)
        layout = self.vla.layout(given.context, horizon, drawn.lengths, self.rule.contract, own)
        modulation, leading = self.vla.modulation(given.t), self.vla.leading(given.state)
        v = self.vla.velocity(x, modulation, leading, given.context, given.mask, layout)
        wrong = v - (given.action - given.noise)
        losses = {"error": masked_mean(wrong**2, mask), "each": per_sample(wrong**2, mask, len(batch.seeds))}
        loss = pooled_mean((wrong**2 * weight).sum(), mask.sum())
        if self.frequency_weight > 0:
            losses["frequency"] = frequency_loss(wrong, mask, weight)
            loss = loss + self.frequency_weight * losses["frequency"]
        return {"loss": loss, **losses}

    def _weights(
        self, given: Samples, prefix: flow.Prefix, mask: Float[Tensor, "r t d"]
    ) -> Float[Tensor, "r t d"]:
        """What a rollout from this noise gets wrong, in rows that have a prefix; 1 in the others."""
        prefixed = (prefix.lengths > 0)[:, None, None]
        if shared_count(prefixed.sum().float()) == 0:
            return mask
        weights = error_weights(self._rollout(given, prefix), given.action, mask * prefixed)
        return torch.where(prefixed, weights, mask)

    @torch.no_grad()
    def _rollout(self, given: Samples, prefix: flow.Prefix) -> Float[Tensor, "r t d"]:
        """Actions from the rows' own noise, the prefix held.

        What autocast casts here without a graph must not be found again by the pass that has one.
        """
        kind = given.noise.device.type
        dtype, enabled = torch.get_autocast_dtype(kind), torch.is_autocast_enabled(kind)
        with torch.autocast(kind, dtype, enabled, cache_enabled=False):
            return self.vla.sample(
                given.context,
                given.state,
                given.mask,
                given.noise,
                self.rule.contract,
                self.vla.schedule(FLOW_STEPS),
                prefix,
            )
