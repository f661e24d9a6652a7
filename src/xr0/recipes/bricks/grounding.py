"""Auxiliary grounding for small models: it binds words to things, and leaves no trace in the checkpoint.

A 3 M model that only imitates stays at chance about which brick is meant. The labels are object positions
that the simulator knows, the counterpart of grounding boxes in vision-language data:

    patch    each base-view token, early: which objects' centres lie in it, and how they lie on the table
    look     one early attention head, from the instruction's object word on: at the object's patch
    target   the same tokens, where the action expert reads them last, and each query: how the object lies
    goal     the tokens behind the sentence, likewise, and each query: where the work will end
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from xr0.model import vlm
from xr0.model.hidden import attention_logits
from xr0.model.vla import VLA
from xr0.recipes import patches
from xr0.train.choice_stage import ChoiceStage
from xr0.types import Batch, LanguageBatch

EARLY, LATE = 2, -1
"""Layers whose attention is read: early enough for the layers behind it to use what it finds, and the last,
whose keys and values the action expert reads."""

LOOKING_HEAD = 0
"""Head of the early layer that is taught where to look."""

LOOK_WEIGHT, TARGET_WEIGHT, GOAL_WEIGHT = 0.1, 0.5, 0.3
"""Of the losses beside the action loss; `patches.WEIGHT` is the fourth."""

POSE = 4
"""x and y on the table, and the yaw as cosine and sine of twice the angle: half a turn changes nothing."""

NEVER = -1e4
"""A logit that gets no attention, and unlike infinity no NaN in the gradient of an empty row."""


@dataclass(frozen=True)
class GroundingLabels:
    """o objects, l context tokens.

    presence: object o's centre lies in token l's patch; pose: of the objects, x and y normalised;
    target_patch: the instructed object's patch; target: its pose; goal: x and y where the work ends,
    normalised; in_view: tokens of the first camera; after_word, after_sentence: tokens that may know target
    and goal.
    """

    presence: Float[Tensor, "b l o"]
    pose: Float[Tensor, "b o 4"]
    target_patch: Bool[Tensor, "b l"]
    target: Float[Tensor, "b 4"]
    goal: Float[Tensor, "b 2"]
    in_view: Bool[Tensor, "b l"]
    after_word: Bool[Tensor, "b l"]
    after_sentence: Bool[Tensor, "b l"]


class GroundedStage(ChoiceStage):
    """Stage 1 with the losses of grounding beside its own."""

    watched = "target"

    def __init__(self, vla: VLA, horizon: int, candidates: int, objects: int) -> None:
        super().__init__(vla, horizon, candidates)
        self.grounding_heads = GroundingHeads(vlm.text_size(vla.vlm), objects)

    def forward(
        self, batch: Batch, labels: GroundingLabels, language: LanguageBatch | None
    ) -> dict[str, Tensor]:
        """All parts of the loss; `loss` is what is minimised, `each` the samples' own part of it."""
        choices = self.choices(batch, (EARLY, LATE))
        early, late = choices.hidden.attended
        looks = attention_logits(self.brain, EARLY, LOOKING_HEAD, early)
        queries = choices.hidden.appended[:, 1:-1]
        grounding = self.grounding_heads(early.states, late.states, queries, looks, labels)
        losses = self.losses(choices, batch, language)
        return {**losses, **grounding, "loss": losses["loss"] + sum(grounding.values())}


class GroundingHeads(nn.Module):
    """The three linear heads; `look` has no parameters of its own."""

    def __init__(self, text_size: int, objects: int) -> None:
        super().__init__()
        self.objects = objects
        self.patch = nn.Linear(text_size, (1 + POSE) * objects)
        self.target = nn.Linear(text_size, POSE)
        self.goal = nn.Linear(text_size, 2)

    def forward(
        self,
        early: Float[Tensor, "b l h"],
        late: Float[Tensor, "b l h"],
        queries: Float[Tensor, "b t h"],
        looks: Float[Tensor, "b l l"],
        labels: GroundingLabels,
    ) -> dict[str, Float[Tensor, ""]]:
        """The four losses, weighted. early, late: what the two layers attend to; queries: the states that
        actions are read from; looks: the early layer's attention logits."""
        said = self.patch(early).unflatten(-1, (self.objects, 1 + POSE))
        patch = patches.patch_loss(said, labels.presence, labels.pose, labels.in_view)
        target = patches.told_loss(self.target(late), labels.after_word, self.target(queries), labels.target)
        goal = patches.told_loss(self.goal(late), labels.after_sentence, self.goal(queries), labels.goal)
        return {
            "patch": patches.WEIGHT * patch,
            "look": LOOK_WEIGHT * look_loss(looks, labels),
            "target": TARGET_WEIGHT * target,
            "goal": GOAL_WEIGHT * goal,
        }


def look_loss(looks: Float[Tensor, "b l l"], labels: GroundingLabels) -> Float[Tensor, ""]:
    """Cross entropy of the head's attention, over what comes before a token, with the object's patch."""
    earlier = torch.ones(looks.shape[1:], dtype=torch.bool, device=looks.device).tril()
    attention = looks.masked_fill(~earlier, NEVER).log_softmax(dim=-1)
    asked = labels.after_word & labels.target_patch.any(dim=1, keepdim=True)
    if not asked.any():
        return looks.sum() * 0.0
    on_target = attention.masked_fill(~labels.target_patch[:, None, :], NEVER).logsumexp(dim=-1)
    return -on_target[asked].mean()
