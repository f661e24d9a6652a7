"""Stage 1, `pretrain_choice`: the VLM learns to act by Choice Policies while it keeps talking.

What it trains: the whole VLM and the stage's own heads. Loss = winner-takes-all action loss + score loss +
next-token loss on vision-language samples + grounding (facts/model.md 7.2, facts/prototype.md).
"""

from __future__ import annotations

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from xr0.model import choice, vlm
from xr0.model.vla import VLA
from xr0.train.grounding import GroundingHeads, GroundingLabels
from xr0.types import Batch, LanguageBatch

SCORE_WEIGHT = 0.3
"""Of the score regression (facts/prototype.md, v2; XR-0's own is unknown)."""

NEXT_TOKEN_WEIGHT = 0.2
"""Of the vision-language loss; the paper mixes samples 1 : 6, the tiny recipe 3 : 16."""


class ChoiceStage(nn.Module):
    """The stage's loss as a module, so that it can be wrapped for several processes."""

    def __init__(self, vla: VLA, horizon: int, objects: int) -> None:
        super().__init__()
        self.brain = vla.vlm
        size, config = vlm.text_size(vla.vlm), vla.config
        self.heads = choice.ChoiceHeads(size, config.state_dim, config.action_dim, horizon)
        self.grounding = GroundingHeads(size, objects)

    def forward(
        self, batch: Batch, labels: GroundingLabels, language: LanguageBatch
    ) -> dict[str, Float[Tensor, ""]]:
        """All parts of the loss; `loss` is what is minimised."""
        choices = self.heads(self.brain, batch.vlm, batch.state)
        action, score = choice.losses(choices, batch.actions, batch.action_mask)
        grounding = self.grounding(choices.hidden, choices.hidden.appended[:, 1:-1], labels)
        words = next_token_loss(self.brain, language)
        loss = action + SCORE_WEIGHT * score + NEXT_TOKEN_WEIGHT * words + sum(grounding.values())
        return {"loss": loss, "action": action, "score": score, "words": words, **grounding}


def next_token_loss(brain: vlm.Qwen3VL, language: LanguageBatch) -> Float[Tensor, ""]:
    """Cross entropy of the answers' tokens."""
    logits = vlm.token_logits(brain, language.inputs)
    predicted = language.answer[:, 1:]
    return F.cross_entropy(logits[:, :-1][predicted], language.inputs.input_ids[:, 1:][predicted])
