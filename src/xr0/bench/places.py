"""How well a VLM says where something is: grounding, in Qwen3-VL's format.

An answer is a place where it is JSON with "bbox_2d" (x1, y1, x2, y2) or "point_2d" (x, y), in thousandths of
the picture's width and height.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace

import torch

from xr0.data.collate import pad_rows
from xr0.data.vision_language import Conversation
from xr0.model import vlm
from xr0.transform.processor import Processor, Tokens
from xr0.transform.prompt import IM_END
from xr0.transform.tokenizer import token_id
from xr0.types import VLMInputs

ROWS = 16
"""Conversations per pass."""

LIMIT = 80
"""Tokens of an answer: a box with its label has some 40."""

OVERLAP = 0.5
"""A box is right where intersection over union is at least this (the referring-expression benchmarks')."""

NEAR = 50.0
"""A point is right within this [thousandths of the picture]: ours."""

SIZES = {"bbox_2d": 4, "point_2d": 2}
"""Numbers of each kind of place."""

Place = tuple[float, ...]


def asked(conversation: Conversation) -> Place | None:
    """The place that its last answer names; None if that is something else."""
    return place(_last(conversation))


def place(text: str) -> Place | None:
    """Of an answer."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return None
    if not isinstance(found, dict):
        return None
    for name, size in SIZES.items():
        numbers = found.get(name)
        if isinstance(numbers, list) and len(numbers) == size and all(type(n) is int for n in numbers):
            return tuple(map(float, numbers))
    return None


def right(said: Place | None, true: Place) -> bool:
    """Whether what was said is where it is."""
    if said is None or len(said) != len(true):
        return False
    return math.dist(said, true) <= NEAR if len(true) == 2 else overlap(said, true) >= OVERLAP


def overlap(a: Place, b: Place) -> float:
    """Intersection over union of two boxes; 0 for one without area."""
    sides = [max(0.0, min(a[k + 2], b[k + 2]) - max(a[k], b[k])) for k in (0, 1)]
    shared = sides[0] * sides[1]
    union = sum((c[2] - c[0]) * (c[3] - c[1]) for c in (a, b)) - shared
    return shared / union if union > 0 else 0.0


def judge(brain: vlm.Qwen3VL, processor: Processor, conversations: Sequence[Conversation]) -> list[bool]:
    """Of each conversation, whose last answer is a place, whether greedy decoding names that place."""
    found: list[bool] = []
    end, device = token_id(processor.tokenizer, IM_END), next(brain.parameters()).device
    for first in range(0, len(conversations), ROWS):
        some = conversations[first : first + ROWS]
        rows = [_question(conversation, processor) for conversation in some]
        given = pad_rows(rows, processor, device, brain.dtype)
        for conversation, ids in zip(some, decoded(brain, given, end), strict=True):
            true = asked(conversation)
            if true is None:
                raise ValueError(f"{conversation.where}: got an answer that is no place")
            found.append(right(place(processor.tokenizer.decode(ids)), true))
    return found


@torch.no_grad()
def decoded(brain: vlm.Qwen3VL, inputs: VLMInputs, end: int, limit: int = LIMIT) -> list[list[int]]:
    """What greedy decoding writes behind each right-padded row: ids before `end`, at most `limit`."""
    each, room = torch.arange(len(inputs.input_ids)), (0, limit)
    ids = torch.nn.functional.pad(inputs.input_ids, room)
    mask = torch.nn.functional.pad(inputs.attention_mask, room)
    begin = mask.sum(dim=1)
    over = torch.zeros(len(ids), dtype=torch.bool, device=ids.device)
    for k in range(limit):
        width = int(begin.max()) + k
        given = VLMInputs(ids[:, :width], mask[:, :width], inputs.pixel_values, inputs.image_grid_thw)
        likely = vlm.token_logits(brain, given)[each, begin + k - 1].argmax(dim=-1)
        ids[each, begin + k], mask[each, begin + k] = likely, 1
        over |= likely == end
        if over.all():
            break
    written = (row[first : first + limit].tolist() for row, first in zip(ids, begin.tolist(), strict=True))
    return [row[: row.index(end)] if end in row else row for row in written]


def _question(conversation: Conversation, processor: Processor) -> Tokens:
    """All that comes before its last answer."""
    tokens, said = processor.conversation(conversation.messages, conversation.images())
    end = len(said) - said[::-1].index(True)
    start = end
    while said[start - 1]:
        start -= 1
    return replace(tokens, ids=tokens.ids[:start])


def _last(conversation: Conversation) -> str:
    return "".join(part for part in conversation.messages[-1].parts if part is not None)
