"""How well a VLM answers: held-out questions after each stage, for does learning to act cost it its words?

python -m xr0.bench.answers CHECKPOINT CONVERSATIONS --json OUT
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
import tyro

from xr0.bench import places
from xr0.checkpoints import pretrained
from xr0.data.language import collated, open_language
from xr0.data.vision_language import Conversation
from xr0.model import vlm
from xr0.transform.processor import Processor
from xr0.types import LanguageBatch
from xr0_robot import report

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


def compare(
    brain: vlm.Qwen3VL, processor: Processor, conversations: Sequence[Conversation]
) -> dict[str, Any]:
    """`grounding`, answers that are places, judged by distance or overlap, and `questions`, all others, that
    must be right word for word; each with its 95 % interval. ValueError where there is none of a kind."""
    where = [c for c in conversations if places.asked(c) is not None]
    what = [c for c in conversations if places.asked(c) is None]
    words, grounded = judge(brain, processor, what), places.judge(brain, processor, where)
    return {
        "questions": {**_share(round(words.exact * words.count), words.count), "loss": words.loss},
        "grounding": {**_share(sum(grounded), len(grounded)), "loss": judge(brain, processor, where).loss},
    }


def _share(right: int, count: int) -> dict[str, Any]:
    return {"right": right, "count": count, "share": right / count, "ci95": list(report.wilson(right, count))}


def main(
    checkpoint: tyro.conf.Positional[str],
    conversations: tyro.conf.Positional[str],
    *,
    json: Path,
    count: int = 400,
) -> None:
    """Held-out questions to a checkpoint's VLM.

    Args:
        checkpoint: a folder of either layout, a .pt file, or a name on the hub.
        conversations: a folder, .jsonl file or NAME-{000000..000007}.tar.
        json: results file.
        count: how many are asked, evenly spaced.
    """
    loaded, data = pretrained.load(checkpoint), open_language(conversations)
    total = len(data.conversations)
    asked = [data.conversations[k * total // count] for k in range(count)] if count < total else None
    found = compare(loaded.vla.vlm.eval(), loaded.processor, asked or list(data.conversations))
    about = {
        "what": "answers",
        "checkpoint": {"name": loaded.name, "fingerprint": loaded.fingerprint},
        "conversations": data.fingerprint,
        "written": report.now(),
        "code": report.code(),
        "machine": report.machine(),
        "versions": report.versions(),
    }
    report.write(json, about | found)
    print(*(f"{kind}: {found[kind]['right']} of {found[kind]['count']}" for kind in found), sep="\n")


if __name__ == "__main__":
    tyro.cli(main)
