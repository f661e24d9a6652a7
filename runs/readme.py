"""Puts generated lines between two markers of the README."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def put(readme: Path, start: str, end: str, lines: Sequence[str]) -> None:
    """Replace what stands between the lines `start` and `end`; ValueError unless each is there once."""
    text = readme.read_text()
    if text.count(start) != 1 or text.count(end) != 1:
        raise ValueError(f"{readme}: expected {start!r} and {end!r} once each")
    before, rest = text.split(start)
    _, after = rest.split(end)
    readme.write_text("\n".join([before + start, *lines, end + after]))
