"""What one control tick came to, and what ends an episode."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Literal

import numpy as np

Freshness = Literal["fresh", "prefix", "idle", "touch", "stopped"]
"""fresh: as planned; prefix: as promised to the inference under way; idle: nothing to do, holding; touch:
from the fingertips instead of the plan; stopped: by the e-stop."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tick:
    """What was done in one control tick.

    chunk: serial number of the chunk obeyed, -1 while idle; latency_s: how long the newest chunk took, None
    before the first; clamped: which limits changed the command; refused: why a hold was sent instead of it.
    """

    tick: int
    command: np.ndarray
    chunk: int
    freshness: Freshness
    latency_s: float | None
    clamped: tuple[str, ...] = ()
    refused: str | None = None


def tell(done: Tick, before: Tick | None, known: str | None) -> None:
    """Log what is news in a tick, after the one before it. known: why something was dropped in it, which is
    logged already."""
    if done.clamped and (before is None or done.clamped != before.clamped):
        log.info("tick %d: clamped by the limits: %s", done.tick, ", ".join(done.clamped))
    if done.freshness != "idle":
        return
    if done.refused is not None and done.refused != known:
        log.warning("tick %d: refused, holding: %s", done.tick, done.refused)
    elif before is None or before.freshness != "idle":
        log.info("tick %d: no fresh action is left, holding", done.tick)


class InferenceFailed(RuntimeError):  # noqa: N818 (what has happened, not what is wrong with the code)
    """The policy answers no more, refuses, or answers with what this robot cannot execute. One line."""


def one_line(error: Exception) -> str:
    """Type and message: a KeyError's message alone is only the key."""
    return " ".join(f"{type(error).__name__}: {error}".split())
