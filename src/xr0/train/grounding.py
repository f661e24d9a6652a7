"""Auxiliary grounding for small models: it binds words to things, and leaves no trace in the checkpoint.

A 3 M model that only imitates stays at chance about which brick is meant (facts/prototype.md). The labels are
object positions that the simulator knows, the counterpart of grounding boxes in vision-language data:

    patch    each base-view token, early: which objects' centres lie in it, and where on the table they are
    look     one early attention head, from the instruction's object word on: at the object's patch
    target   the same tokens and each action query, after the last layer: where the object is
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from xr0.model.vlm import Hidden

PATCH_WEIGHT, LOOK_WEIGHT, TARGET_WEIGHT = 0.3, 0.1, 0.5
"""Of the three losses beside the action loss."""

NEVER = -1e4
"""A logit that gets no attention, and unlike infinity no NaN in the gradient of an empty row."""

PRESENCE_BALANCE = 10.0
"""Positive patches are rare: one of 64 for each object."""


@dataclass(frozen=True)
class GroundingLabels:
    """o objects, l context tokens.

    presence: object o's centre lies in token l's patch; position: object positions, normalised;
    target_patch: the instructed object's patch; target: its position; after_word: tokens that may know it.
    """

    presence: Float[Tensor, "b l o"]
    position: Float[Tensor, "b o 2"]
    target_patch: Bool[Tensor, "b l"]
    target: Float[Tensor, "b 2"]
    in_view: Bool[Tensor, "b l"]
    after_word: Bool[Tensor, "b l"]


class GroundingHeads(nn.Module):
    """The two linear heads; `look` has no parameters of its own."""

    def __init__(self, text_size: int, objects: int) -> None:
        super().__init__()
        self.objects = objects
        self.patch = nn.Linear(text_size, 3 * objects)
        self.target = nn.Linear(text_size, 2)

    def forward(
        self, hidden: Hidden, query_hidden: Float[Tensor, "b t h"], labels: GroundingLabels
    ) -> dict[str, Float[Tensor, ""]]:
        """The three losses, weighted."""
        return {
            "patch": PATCH_WEIGHT * self._patch_loss(hidden.early, labels),
            "look": LOOK_WEIGHT * look_loss(hidden.looks, labels),
            "target": TARGET_WEIGHT * self._target_loss(hidden.context, query_hidden, labels),
        }

    def _patch_loss(self, early: Float[Tensor, "b l h"], labels: GroundingLabels) -> Float[Tensor, ""]:
        patch = self.patch(early).unflatten(-1, (self.objects, 3))
        presence = F.binary_cross_entropy_with_logits(
            patch[..., 0][labels.in_view],
            labels.presence[labels.in_view],
            pos_weight=torch.tensor(PRESENCE_BALANCE, device=patch.device),
        )
        here = labels.presence.bool()
        wanted = labels.position[:, None].expand(-1, here.shape[1], -1, -1)
        where = (patch[..., 1:][here] - wanted[here]).abs().mean() if here.any() else presence * 0.0
        return presence + where

    def _target_loss(
        self, context: Float[Tensor, "b l h"], queries: Float[Tensor, "b t h"], labels: GroundingLabels
    ) -> Float[Tensor, ""]:
        words = (self.target(context) - labels.target[:, None]).abs().mean(-1)
        return words[labels.after_word].mean() + (self.target(queries) - labels.target[:, None]).abs().mean()


def look_loss(looks: Float[Tensor, "b l l"], labels: GroundingLabels) -> Float[Tensor, ""]:
    """Cross entropy of the head's attention, over what comes before a token, with the object's patch."""
    earlier = torch.ones(looks.shape[1:], dtype=torch.bool, device=looks.device).tril()
    attention = looks.masked_fill(~earlier, NEVER).log_softmax(dim=-1)
    asked = labels.after_word & labels.target_patch.any(dim=1, keepdim=True)
    if not asked.any():
        return looks.sum() * 0.0
    on_target = attention.masked_fill(~labels.target_patch[:, None, :], NEVER).logsumexp(dim=-1)
    return -on_target[asked].mean()
