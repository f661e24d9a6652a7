"""Which samples a run stumbled over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from xr0.train.distributed import gather_objects
from xr0.types import Batch

NAMED = 8
"""Samples that a message names; the rest it counts."""


@dataclass(frozen=True)
class Seen:
    """A micro-batch that was trained on: where its samples come from, and their losses."""

    origins: tuple[str, ...]
    losses: Mapping[str, Tensor]

    @classmethod
    def of(cls, arguments: tuple[Any, ...], losses: Mapping[str, Tensor]) -> Seen:
        """Of a stage's arguments and what it returned."""
        origins = [origin for a in arguments if isinstance(a, Batch) for origin in a.origin]
        return cls(tuple(origins), {name: value.detach() for name, value in losses.items()})

    def suspects(self) -> list[str]:
        """Samples whose own loss is not finite; all, where only the loss of all is known."""
        if self.losses["loss"].isfinite():
            return []
        each = self.losses.get("each")
        if each is None or len(each) != len(self.origins) or bool(each.isfinite().all()):
            return list(self.origins)
        return [
            origin for origin, good in zip(self.origins, each.isfinite().tolist(), strict=True) if not good
        ]


def blame(seen: Sequence[Seen]) -> str:
    """The samples of all processes that made a step's loss or gradient not finite, in words.

    All of the step's, where only the gradient is not. Every process must call it.
    """
    mine = [name for micro in seen for name in micro.suspects()], [n for micro in seen for n in micro.origins]
    gathered = gather_objects(mine)
    guilty = [name for suspects, _ in gathered for name in suspects]
    names = guilty or [name for _, origins in gathered for name in origins]
    if not names:
        return "samples of unknown origin"
    rest = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"samples: {'; '.join(names[:NAMED])}{rest}"
