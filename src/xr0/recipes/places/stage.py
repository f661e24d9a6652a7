"""Losses beside Choice Policies that say where things are. They leave no trace in the checkpoint.

patch    each token of the first view, early: which things it shows, and where they are
told     the tokens behind the sentence, where the action expert reads them last, and each query: where
         all things are
"""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Bool, Float
from torch import Tensor, nn

from xr0.model import vlm
from xr0.model.vla import VLA
from xr0.recipes import patches
from xr0.train.choice_stage import ChoiceStage
from xr0.types import Batch, LanguageBatch

EARLY, LATE = 2, -1
"""Layers whose input is asked: early enough for those behind it to use what it finds, and the last, whose
keys and values the action expert reads."""

TOLD_WEIGHT = 0.5
"""Beside the action loss."""

AXES = 3


@dataclass(frozen=True)
class PlaceLabels:
    """o things, l context tokens. presence: whether token l shows thing o; place: of each, normalised, NaN
    where there is no such thing; in_view: tokens of the first camera; behind: those behind the sentence."""

    presence: Float[Tensor, "b l o"]
    place: Float[Tensor, "b o 3"]
    in_view: Bool[Tensor, "b l"]
    behind: Bool[Tensor, "b l"]


class PlacedStage(ChoiceStage):
    """Stage 1 with the two losses beside its own. things: how many have places."""

    watched = "told"

    def __init__(self, vla: VLA, horizon: int, candidates: int, things: int) -> None:
        super().__init__(vla, horizon, candidates)
        size = vlm.text_size(vla.vlm)
        self.patch = nn.Linear(size, things * (1 + AXES))
        self.told = nn.Linear(size, things * AXES)

    def forward(self, batch: Batch, labels: PlaceLabels, language: LanguageBatch | None) -> dict[str, Tensor]:
        """All parts of the loss; `loss` is what is minimised, `each` the samples' own part of it."""
        choices = self.choices(batch, (EARLY, LATE))
        early, late = (attended.states for attended in choices.hidden.attended)
        queries = choices.hidden.appended[:, 1:-1]
        losses = self.losses(choices, batch, language)
        said = self.patch(early).unflatten(-1, (-1, 1 + AXES))
        patch = patches.patch_loss(said, labels.presence, labels.place, labels.in_view)
        told = patches.told_loss(self.told(late), labels.behind, self.told(queries), labels.place.flatten(1))
        parts = {"patch": patches.WEIGHT * patch, "told": TOLD_WEIGHT * told}
        return {**losses, **parts, "loss": losses["loss"] + sum(parts.values())}
