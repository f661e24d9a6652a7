"""A byte-level BPE tokenizer as one JSON file: trained here for the small model, Qwen's own for the large."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from xr0.transform.prompt import (
    END_OF_TEXT,
    IMAGE_PAD,
    SPECIAL_TOKENS,
    VISION_END,
    VISION_START,
    action_prompt,
)

WORDS = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
"""How text is cut before merging, after Qwen's rule: digits stand alone, a word takes its leading space."""


PLACEHOLDER_VOCABULARY = 400
"""256 bytes, the special tokens and the words of the prompt."""


def train(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """Learn merges from texts; Qwen's special tokens are added and never split."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def placeholder(special_ids: Mapping[str, int]) -> Tokenizer:
    """The words of the prompt, and the special tokens at the given ids: for a model without a tokenizer.

    A sentence gets about as many tokens as from Qwen's. special_ids: Qwen3VLConfig's four ids; the other
    special tokens take the ids below them.
    """
    learned = train(
        [action_prompt(["Base View", "Left-Wrist View"], [0, 0], "words")], PLACEHOLDER_VOCABULARY
    )
    model = json.loads(learned.to_str())["model"]
    named = {
        IMAGE_PAD: special_ids["image_token_id"],
        "<|video_pad|>": special_ids["video_token_id"],
        VISION_START: special_ids["vision_start_token_id"],
        VISION_END: special_ids["vision_end_token_id"],
    }
    words = sorted((token for token in model["vocab"] if token not in SPECIAL_TOKENS), key=model["vocab"].get)
    vocabulary = {word: i for i, word in enumerate(words)}
    free = (i for i in range(min(named.values()) - len(SPECIAL_TOKENS), min(named.values())))
    vocabulary |= {token: named[token] if token in named else next(free) for token in SPECIAL_TOKENS}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[tuple(pair) for pair in model["merges"]]))
    tokenizer.pre_tokenizer = learned.pre_tokenizer
    tokenizer.normalizer = learned.normalizer
    tokenizer.decoder = learned.decoder
    tokenizer.add_special_tokens(list(SPECIAL_TOKENS))
    return tokenizer


def load(path: Path) -> Tokenizer:
    """Read tokenizer.json; ValueError where it is broken or lacks a special token."""
    if not path.is_file():
        raise FileNotFoundError(f"tokenizer: no file {path.name} in {path.parent}")
    try:
        tokenizer = Tokenizer.from_buffer(path.read_bytes())
    except ValueError as error:  # `from_str` would raise a plain Exception
        raise ValueError(f"tokenizer: {path} is not a tokenizer.json ({error})") from error
    missing = [token for token in SPECIAL_TOKENS if tokenizer.token_to_id(token) is None]
    if missing:
        raise ValueError(f"tokenizer: {path} lacks the special tokens {missing}")
    return tokenizer


def token_id(tokenizer: Tokenizer, token: str) -> int:
    """Id of a token that must exist."""
    value = tokenizer.token_to_id(token)
    if value is None:
        raise ValueError(f"tokenizer: no token {token!r}")
    return value


def special_ids(tokenizer: Tokenizer) -> dict[str, int]:
    """The ids that Qwen3VLConfig wants by name."""
    return {
        "image_token_id": token_id(tokenizer, IMAGE_PAD),
        "video_token_id": token_id(tokenizer, "<|video_pad|>"),
        "vision_start_token_id": token_id(tokenizer, VISION_START),
        "vision_end_token_id": token_id(tokenizer, VISION_END),
    }


def padding_id(tokenizer: Tokenizer) -> int:
    """Fills rows of unequal length; always masked."""
    return token_id(tokenizer, END_OF_TEXT)
