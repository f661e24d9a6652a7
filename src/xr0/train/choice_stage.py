"""Stage 1, `pretrain_choice`: the VLM learns to act by Choice Policies while it keeps talking.

What it trains: the whole VLM and the stage's own heads. Loss = winner-takes-all action loss + score loss +
next-token loss on vision-language samples (arXiv 2602.12684, pre-training, step 1).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from xr0.model import choice, vlm
from xr0.model.vla import VLA
from xr0.train.losses import pooled_mean
from xr0.types import Batch, LanguageBatch

LOSER_WEIGHT = 0.1
"""A little pull on all candidates keeps those alive that seldom win."""

SCORE_WEIGHT = 0.3
"""Of the score regression: ours, the paper gives none."""

NEXT_TOKEN_WEIGHT = 0.2
"""Of the vision-language loss; the paper mixes vision-language and robot samples 1 : 6."""


class ChoiceStage(nn.Module):
    """The stage's loss as a module, so that it can be wrapped for several processes.

    horizon: of the robot with the longest chunk [ticks]. candidates: 1 makes it plain regression.
    """

    watched = "action"

    def __init__(self, vla: VLA, horizon: int, candidates: int = choice.CANDIDATES) -> None:
        super().__init__()
        self.brain = vla.vlm
        config, size = vla.config, vlm.text_size(vla.vlm)
        self.heads = choice.ChoiceHeads(size, config.state_dim, config.action_dim, horizon, candidates)

    def forward(self, batch: Batch, language: LanguageBatch | None) -> dict[str, Tensor]:
        """All parts of the loss; `loss` is what is minimised, `each` the robot samples' own part of it."""
        return self.losses(self.choices(batch), batch, language)

    def choices(self, batch: Batch, layers: Sequence[int] = ()) -> choice.Choices:
        """The candidates, with what the VLM's `layers` attend to, for a recipe that has losses of its own."""
        return self.heads(self.brain, batch.vlm, batch.state, layers)

    def losses(
        self, choices: choice.Choices, batch: Batch, language: LanguageBatch | None
    ) -> dict[str, Tensor]:
        """As `forward`, of candidates that were made before."""
        pull, misjudged = choice_losses(choices, batch.actions, batch.action_mask)
        shown = batch.action_mask.flatten(1).any(dim=1).sum().float()
        action, score = pooled_mean(pull.sum(), shown), pooled_mean(misjudged.sum(), shown)
        words = next_token_loss(self.brain, language) if language is not None else torch.zeros_like(action)
        loss = action + SCORE_WEIGHT * score + NEXT_TOKEN_WEIGHT * words
        each = (pull + SCORE_WEIGHT * misjudged).detach()
        return {"loss": loss, "action": action, "score": score, "words": words, "each": each}


def choice_losses(
    choices: choice.Choices, target: Float[Tensor, "b t d"], mask: Float[Tensor, "b t d"]
) -> tuple[Float[Tensor, " b"], Float[Tensor, " b"]]:
    """Winner-takes-all action loss and score regression loss of each row; 0 without a demonstration."""
    shown = mask.flatten(1).any(dim=1)
    error = choice.errors(choices.actions, target, mask)
    pull = error.min(dim=1).values + LOSER_WEIGHT * error.mean(dim=1)
    misjudged = ((choices.scores - error.detach()) ** 2).mean(dim=1)
    return pull * shown, misjudged * shown


def next_token_loss(brain: vlm.Qwen3VL, language: LanguageBatch) -> Float[Tensor, ""]:
    """Cross entropy of the answers' tokens; 0 where there is none."""
    predicted = language.answer[:, 1:]
    count = predicted.sum().float()
    if len(predicted) == 0:
        return pooled_mean(count, count)
    logits = vlm.token_logits(brain, language.inputs)[:, :-1][predicted]
    wanted = language.inputs.input_ids[:, 1:][predicted]
    return pooled_mean(F.cross_entropy(logits.float(), wanted, reduction="sum"), count)
