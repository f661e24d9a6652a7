"""The tiny model as a start of stage 1: random weights, and a tokenizer learned from the words of the
data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from tokenizers import Tokenizer

from xr0.checkpoints.fresh import groups, seeded
from xr0.checkpoints.qwen import Start
from xr0.checkpoints.weights import state_dict
from xr0.data.source import Source
from xr0.model.vla import VLA
from xr0.sizes import TINY_IMAGES, tiny_model
from xr0.transform import tokenizer as tokenizers
from xr0.transform.processor import Processor
from xr0.transform.prompt import action_prompt

VOCABULARY = 512
"""256 bytes, the special tokens and the words of a small world."""

POSITION_STD = 0.2
"""Spread of the vision tower's fresh position table: ten times Qwen's, or a small model finds places too
slowly."""


def start(sources: Sequence[Source], spoken: Iterable[str], seed: int) -> Start:
    """For these robots and their tasks, and what is said in `spoken`."""
    tokenizer = learned_tokenizer(sources, spoken)
    with seeded(seed):
        vla = fresh_model(tokenizer, sources[0].embodiment.model_dim)
    return Start(
        vla, Processor(tokenizer, TINY_IMAGES), groups(state_dict(vla)), "tiny", f"tiny, seed {seed}"
    )


def learned_tokenizer(sources: Sequence[Source], spoken: Iterable[str]) -> Tokenizer:
    """Learned from every sentence of the data, prompts included."""
    return tokenizers.train([*_prompts(sources), *spoken], VOCABULARY)


def fresh_model(tokenizer: Tokenizer, slots: int) -> VLA:
    """Untrained, for vectors of `slots` numbers."""
    vla = VLA(tiny_model(tokenizer.get_vocab_size(), tokenizers.special_ids(tokenizer), slots))
    torch.nn.init.normal_(vla.vlm.model.visual.pos_embed.weight, std=POSITION_STD)
    return vla


def _prompts(sources: Sequence[Source]) -> Iterable[str]:
    """The action prompt of every task, without its views' tokens."""
    for source in sources:
        titles = [camera.title for camera in source.embodiment.cameras]
        for task in source.dataset.tasks:
            yield action_prompt(titles, [0] * len(titles), task, source.embodiment.lower_case)
