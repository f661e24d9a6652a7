"""Vision-language samples as batches for next-token training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from xr0.data.collate import pad_rows
from xr0.data.vision_language import Conversation
from xr0.transform.processor import Processor
from xr0.transform.tokenizer import padding_id
from xr0.types import LanguageBatch


@dataclass(frozen=True)
class LanguageData:
    """Conversations of one question and one answer each."""

    conversations: tuple[Conversation, ...]

    def texts(self) -> list[str]:
        """All questions and answers."""
        return [text for c in self.conversations for text in (c.question, c.answer)]

    def batch(self, count: int, seed: int, step: int, rank: int, processor: Processor) -> LanguageBatch:
        """`count` samples, a pure function of (seed, step, rank)."""
        chosen = np.random.default_rng([seed, step, rank, len(self.conversations)]).integers(
            len(self.conversations), size=count
        )
        samples = [self.conversations[i] for i in chosen.tolist()]
        rows = [processor.question(c.images(), c.question, c.answer) for c in samples]
        inputs = pad_rows([tokens for tokens, _ in rows], padding_id(processor.tokenizer))
        answer = torch.zeros(inputs.input_ids.shape, dtype=torch.bool)
        for i, (tokens, answered) in enumerate(rows):
            answer[i, len(tokens.ids) - answered : len(tokens.ids)] = True
        return LanguageBatch(inputs, answer)
