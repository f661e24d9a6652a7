"""What an option may be, checked before anything is loaded: one line that names it as it was typed."""

from __future__ import annotations

import math
from pathlib import Path

TINY = Path(__file__).resolve().parents[3] / "checkpoints" / "tiny"
"""The checkpoint that the repository ships."""


def at_least(lowest: int, **options: int | float | None) -> None:
    """ValueError for the first that is smaller, or not finite; None was not given. Names: first_seed=..."""
    for name, value in options.items():
        if value is not None and not (lowest <= value and math.isfinite(value)):
            raise ValueError(f"--{name.replace('_', '-')}: got {value}, expected at least {lowest}")


def sentence(task: str | None) -> None:
    """ValueError for one without words."""
    if task is not None and not task.strip():
        raise ValueError("--task: got no words, expected a sentence")
