"""Auxiliary grounding for small models: it binds words to things, and leaves no trace in the checkpoint.

A 3 M model that only imitates stays at chance about which brick is meant (facts/prototype.md). Two heads on
the VLM's final hidden states repair that; the labels are object positions that the simulator knows, the
counterpart of the grounding boxes in vision-language data:

    patch head   each base-view token: which objects' centres lie in it, and where on the table they are
    target head  each token from the instruction's object word on, and each action query: where the target is
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

PATCH_WEIGHT, TARGET_WEIGHT = 0.2, 1.0
"""Of the two losses beside the action loss."""

PRESENCE_BALANCE = 10.0
"""Positive patches are rare: one of 64 for each object."""


@dataclass(frozen=True)
class GroundingLabels:
    """o objects, l context tokens.

    presence: object o's centre lies in token l's patch; position: object positions, normalised;
    target: the instructed object's position; after_word: tokens that may know the target.
    """

    presence: Float[Tensor, "b l o"]
    position: Float[Tensor, "b o 2"]
    target: Float[Tensor, "b 2"]
    in_view: Bool[Tensor, "b l"]
    after_word: Bool[Tensor, "b l"]


class GroundingHeads(nn.Module):
    """The two heads."""

    def __init__(self, text_size: int, objects: int) -> None:
        super().__init__()
        self.objects = objects
        self.patch = nn.Linear(text_size, 3 * objects)
        self.target = nn.Linear(text_size, 2)

    def forward(
        self,
        context_hidden: Float[Tensor, "b l h"],
        query_hidden: Float[Tensor, "b t h"],
        labels: GroundingLabels,
    ) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
        """Patch loss and target loss, weighted."""
        patch = self.patch(context_hidden).unflatten(-1, (self.objects, 3))
        presence = F.binary_cross_entropy_with_logits(
            patch[..., 0][labels.in_view],
            labels.presence[labels.in_view],
            pos_weight=torch.tensor(PRESENCE_BALANCE),
        )
        here = labels.presence.bool()
        wanted = labels.position[:, None].expand(-1, here.shape[1], -1, -1)
        where = (patch[..., 1:][here] - wanted[here]).abs().mean() if here.any() else presence * 0.0
        words = (self.target(context_hidden) - labels.target[:, None]).abs().mean(-1)
        queries = (self.target(query_hidden) - labels.target[:, None]).abs().mean()
        target = words[labels.after_word].mean() + queries
        return PATCH_WEIGHT * (presence + where), TARGET_WEIGHT * target
