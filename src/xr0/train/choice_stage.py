"""Stage 1, `pretrain_choice`: the VLM learns to act by Choice Policies while it keeps talking.

What it trains: the whole VLM and the stage's own heads. Loss = winner-takes-all action loss + score loss +
next-token loss on vision-language samples (arXiv 2602.12684, pre-training, step 1).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from xr0.model import choice, vlm
from xr0.model.vla import VLA
from xr0.types import Batch, LanguageBatch

SCORE_WEIGHT = 0.3
"""Of the score regression: ours, the paper gives none."""

NEXT_TOKEN_WEIGHT = 0.2
"""Of the vision-language loss; the paper mixes vision-language and robot samples 1 : 6."""


class ChoiceStage(nn.Module):
    """The stage's loss as a module, so that it can be wrapped for several processes."""

    watched = "action"

    def __init__(self, vla: VLA, horizon: int) -> None:
        super().__init__()
        self.brain = vla.vlm
        config = vla.config
        self.heads = choice.ChoiceHeads(vlm.text_size(vla.vlm), config.state_dim, config.action_dim, horizon)

    def forward(self, batch: Batch, language: LanguageBatch) -> dict[str, Float[Tensor, ""]]:
        """All parts of the loss; `loss` is what is minimised."""
        return self.losses(self.choices(batch), batch, language)

    def choices(self, batch: Batch, layers: Sequence[int] = ()) -> choice.Choices:
        """The candidates, with what the VLM's `layers` attend to, for a recipe that has losses of its own."""
        return self.heads(self.brain, batch.vlm, batch.state, layers)

    def losses(
        self, choices: choice.Choices, batch: Batch, language: LanguageBatch
    ) -> dict[str, Float[Tensor, ""]]:
        """As `forward`, of candidates that were made before."""
        action, score = choice.losses(choices, batch.actions, batch.action_mask)
        words = next_token_loss(self.brain, language)
        loss = action + SCORE_WEIGHT * score + NEXT_TOKEN_WEIGHT * words
        return {"loss": loss, "action": action, "score": score, "words": words}


def next_token_loss(brain: vlm.Qwen3VL, language: LanguageBatch) -> Float[Tensor, ""]:
    """Cross entropy of the answers' tokens."""
    logits = vlm.token_logits(brain, language.inputs)
    predicted = language.answer[:, 1:]
    return F.cross_entropy(logits[:, :-1][predicted], language.inputs.input_ids[:, 1:][predicted])
