"""Vision-language samples as batches for next-token training."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import torch

from xr0.data.collate import pad_rows
from xr0.data.jsonl import Lines
from xr0.data.shards import Shards, expanded
from xr0.data.vision_language import Conversation
from xr0.transform.processor import Processor
from xr0.types import LanguageBatch

CONVERSATIONS_FILE = "conversations.jsonl"

STREAM = 0x564C
"""Keeps these draws apart from others that a run makes of the same seed and index."""


@dataclass(frozen=True)
class LanguageData:
    """Conversations, by their number; fingerprint: of their content."""

    conversations: Sequence[Conversation]
    fingerprint: str = ""

    def texts(self) -> Iterator[str]:
        """All that is said in them, for a tokenizer to learn from."""
        for conversation in self.conversations:
            for message in conversation.messages:
                yield from (part for part in message.parts if part is not None)

    def batch(
        self, indices: Sequence[int] | np.ndarray, seed: int, processor: Processor
    ) -> LanguageBatch | None:
        """The samples `indices` of a run as one batch, each a pure function of (seed, index): drawn evenly,
        with replacement. None for no index."""
        rngs = [np.random.default_rng([STREAM, seed, int(index)]) for index in indices]
        drawn = [self.conversations[int(rng.integers(len(self.conversations)))] for rng in rngs]
        return collated(drawn, processor) if drawn else None


@dataclass(frozen=True)
class _Chain(Sequence[Conversation]):
    """Parts one behind the other; part k ends before ends[k]."""

    parts: tuple[Sequence[Conversation], ...]
    ends: tuple[int, ...]

    def __len__(self) -> int:
        return self.ends[-1] if self.ends else 0

    def __getitem__(self, index: Any) -> Conversation:
        if not 0 <= index < len(self):
            raise IndexError(f"no conversation {index}, there are {len(self)}")
        k = bisect_right(self.ends, index)
        return self.parts[k][index - self.ends[k] + len(self.parts[k])]


def joined(parts: Sequence[LanguageData]) -> LanguageData:
    """One behind the other: each conversation is drawn as often as any. Without parts there is none."""
    conversations = tuple(part.conversations for part in parts)
    chain = _Chain(conversations, tuple(accumulate(map(len, conversations))))
    return LanguageData(chain, "-".join(part.fingerprint for part in parts))


def collated(conversations: Sequence[Conversation], processor: Processor) -> LanguageBatch:
    """Conversations as one batch; what the assistant says is to be predicted."""
    rows = [processor.conversation(c.messages, c.images()) for c in conversations]
    inputs = pad_rows([tokens for tokens, _ in rows], processor)
    answer = torch.zeros(inputs.input_ids.shape, dtype=torch.bool)
    for i, (_, said) in enumerate(rows):
        answer[i, : len(said)] = torch.tensor(said)
    return LanguageBatch(inputs, answer)


def open_language(source: Path | str) -> LanguageData:
    """Conversations of a folder with conversations.jsonl or with tar shards, of a .jsonl file, or of shards
    named "path-{000000..000007}.tar". ValueError or FileNotFoundError names what is missing or not whole."""
    path = Path(source)
    lines = path / CONVERSATIONS_FILE if path.is_dir() else path
    tars = sorted(path.glob("*.tar")) if path.is_dir() else expanded(str(source))
    if lines.is_file() and lines.suffix == ".jsonl":
        found = Lines.open(lines)
    elif tars and all(tar.suffix == ".tar" for tar in tars):
        found = Shards.open(tars)
    else:
        raise FileNotFoundError(
            f"{source}: no conversations, expected {CONVERSATIONS_FILE} or .tar shards in a folder, a .jsonl "
            "file, or shards as NAME-{000000..000007}.tar"
        )
    return LanguageData(found, found.fingerprint)
