"""Choice Policies (stage 1): query tokens behind the context make N candidate chunks and N scores.

    [context | state | query 0 .. query T-1 | score]
    query i -> N candidates for action i        score -> N predicted errors

Winner takes all: only the best candidate of a sample is pulled to the demonstration; the score head learns
each candidate's error (arXiv 2602.12684, step 1 of pre-training).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from xr0.model import vlm
from xr0.model.hidden import Hidden, hidden_after
from xr0.types import VLMInputs

CANDIDATES = 5
"""N. The paper does not give it; its successor's released code has 5 (Xiaomi-Robotics-1, XR1.py)."""

QUERY_STD = 0.02
"""Spread of fresh query embeddings: Qwen's own initialisation."""


@dataclass(frozen=True)
class Choices:
    """Candidates, predicted errors, and the hidden states they were read from."""

    actions: Float[Tensor, "b n t d"]
    scores: Float[Tensor, "b n"]
    hidden: Hidden


class ChoiceHeads(nn.Module):
    """Queries and heads of stage 1; none of them is in a finished checkpoint."""

    def __init__(
        self, text_size: int, state_dim: int, action_dim: int, horizon: int, candidates: int = CANDIDATES
    ) -> None:
        super().__init__()
        self.action_dim, self.candidates = action_dim, candidates
        self.state_projector = _perceptron(state_dim, text_size, text_size)
        self.queries = nn.Parameter(torch.randn(horizon + 1, text_size) * QUERY_STD)
        self.action_head = _perceptron(text_size, 2 * text_size, candidates * action_dim)
        self.score_head = _perceptron(text_size, text_size, candidates)

    def forward(
        self, brain: vlm.Qwen3VL, inputs: VLMInputs, state: Float[Tensor, "b 1 s"], layers: Sequence[int] = ()
    ) -> Choices:
        """Candidates for a batch, with what the VLM's `layers` attend to on the way to them."""
        queries = self.queries.expand(len(state), -1, -1)
        appended = torch.cat([self.state_projector(state), queries], dim=1)
        hidden = hidden_after(brain, inputs, appended, layers)
        per_action, scoring = hidden.appended[:, 1:-1], hidden.appended[:, -1]
        actions = self.action_head(per_action).unflatten(-1, (self.candidates, self.action_dim))
        return Choices(actions.transpose(1, 2), self.score_head(scoring), hidden)

    def act(
        self, brain: vlm.Qwen3VL, inputs: VLMInputs, state: Float[Tensor, "b 1 s"]
    ) -> Float[Tensor, "b t d"]:
        """Each row's candidate of the smallest predicted error: a policy without an action expert."""
        choices = self(brain, inputs, state)
        best = choices.scores.argmin(dim=1)
        return choices.actions[torch.arange(len(best), device=best.device), best]


def errors(
    choices: Float[Tensor, "b n q d"], target: Float[Tensor, "b t d"], mask: Float[Tensor, "b t d"]
) -> Float[Tensor, "b n"]:
    """Mean absolute error of each candidate over the slots in use; ticks behind the target's do not count.

    ValueError for a target of more ticks than the candidates have.
    """
    ticks = target.shape[1]
    if ticks > choices.shape[2]:
        raise ValueError(f"actions: got {ticks} ticks, expected at most {choices.shape[2]}, one per query")
    distance = (choices[:, :, :ticks] - target[:, None]).abs() * mask[:, None]
    return distance.sum(dim=(2, 3)) / mask.sum(dim=(1, 2))[:, None].clamp(min=1.0)


def _perceptron(size_in: int, hidden: int, size_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(size_in, hidden), nn.GELU(approximate="tanh"), nn.Linear(hidden, size_out))
