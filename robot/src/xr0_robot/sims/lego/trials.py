"""Trials at the Lego table: how many bricks, how long they may take, how long each must lie."""

from __future__ import annotations

from collections.abc import Mapping

SIZES: Mapping[str, tuple[int, ...]] = {"la5": (5,), "la10": (10,), "la20": (20,), "ma34": (12, 12, 10)}
"""Bricks of each assembly, by the names of the published trials (arXiv 2602.12684, Lego Disassembly)."""

SECONDS_PER_BRICK = 10.0
"""Three times what the scripted expert needs: a policy that takes longer has lost its way."""

SETTLE_S = 0.5
"""A brick that rolls out of its bin was never in it."""
