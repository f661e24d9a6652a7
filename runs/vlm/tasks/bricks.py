"""How lmms-eval judges an answer about the brick table: as `xr0.bench.answers` and `places` do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xr0.bench import places


def picture(doc: Mapping[str, Any]) -> list[Any]:
    """The one picture of a question."""
    return [doc["image"].convert("RGB")]


def same_words(doc: Mapping[str, Any], answers: Sequence[str]) -> dict[str, float]:
    """1 where the answer is the true one word for word, else 0."""
    return {"right": float(answers[0] == doc["answer"])}


def same_place(doc: Mapping[str, Any], answers: Sequence[str]) -> dict[str, float]:
    """1 where the answer names a place that is the true one's, else 0."""
    true = places.place(doc["answer"])
    if true is None:
        raise ValueError(f"bricks_grounding: got the true answer {doc['answer']!r}, expected a place")
    return {"right": float(places.right(places.place(answers[0]), true))}
