"""How well a VLM answers: held-out questions after each stage, for does learning to act cost it its words?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from xr0.data.language import collated
from xr0.data.vision_language import Conversation
from xr0.model import vlm
from xr0.transform.processor import Processor
from xr0.types import LanguageBatch

ROWS = 16
"""Conversations per pass."""


@dataclass(frozen=True)
class Answers:
    """exact: share of the answers that greedy decoding writes word for word, their end included.
    loss: mean cross entropy of their tokens [nat]. count: answers, one or more per conversation."""

    exact: float
    loss: float
    count: int


@torch.no_grad()
def judge(brain: vlm.Qwen3VL, processor: Processor, conversations: Sequence[Conversation]) -> Answers:
    """Every answer of the conversations, each given all that was truly said before it.

    Greedy decoding writes an answer exactly if and only if each of its tokens is the most likely one behind
    those before it: one pass tells. ValueError without conversations.
    """
    if not conversations:
        raise ValueError("answers: got no conversation, expected at least one")
    device = next(brain.parameters()).device
    right: list[bool] = []
    losses: list[float] = []
    for start in range(0, len(conversations), ROWS):
        given = collated(conversations[start : start + ROWS], processor)
        inputs, said = given.inputs.to(device, brain.dtype), given.answer[:, 1:].to(device)
        logits, wanted = vlm.token_logits(brain, inputs)[:, :-1].float(), inputs.input_ids[:, 1:]
        losses += F.cross_entropy(logits[said], wanted[said], reduction="none").tolist()
        likely = (logits.argmax(dim=-1) == wanted).tolist()
        right += [all(likely[row][first:last]) for row, first, last in _answers(given)]
    return Answers(sum(right) / len(right), sum(losses) / len(losses), len(right))


def _answers(given: LanguageBatch) -> Iterator[tuple[int, int, int]]:
    """Row, first and last + 1 of each run of answer tokens, as positions that predict them."""
    for row, said in enumerate(given.answer[:, 1:].tolist()):
        edges = [k for k, (a, b) in enumerate(zip([False, *said], [*said, False], strict=True)) if a != b]
        yield from ((row, first, last) for first, last in zip(edges[::2], edges[1::2], strict=True))
