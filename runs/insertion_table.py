"""The table of insertions, from results/tactile/insertion.json: lines for `tactile_table.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TITLES = {
    "from the stand, not refined": "taken from a stand, placed as it is held",
    "from the stand, re-grasped": "**taken from a stand, re-grasped by touch**",
    "handed over, not refined": "handed over in the air, placed as it is held",
    "handed over, compensated": "**handed over in the air, placed with the correction that touch predicts**",
}
HEAD = [
    "| the key | inserted (95 % interval) | error left, median | refinement | given up |",
    "|---|---|---|---|---|",
]


def success(group: dict[str, Any]) -> str:
    """A success rate with its interval, in percent."""
    low, high = (100 * bound for bound in group["ci95"])
    return f"{100 * group['success_rate']:.0f} ({low:.0f} to {high:.0f})"


def groups(path: Path) -> dict[str, dict[str, Any]]:
    """The groups of a results file by kind, in the order of the table."""
    found = {group["kind"]: group for group in json.loads(path.read_text())["groups"]}
    return {kind: found[kind] for kind in TITLES}


def lines(path: Path) -> list[str]:
    """The whole table."""
    return [*HEAD, *(_line(kind, group) for kind, group in groups(path).items())]


def _line(kind: str, group: dict[str, Any]) -> str:
    left = "" if group["left_mm"] is None else f"{group['left_mm']:.2f} mm, {group['left_deg']:.1f}°"
    took = "" if group["median_refinement_s"] is None else f"{group['median_refinement_s']:.1f} s"
    aborted = f"{group['aborted']}" if group["refine"] else ""
    return f"| {TITLES[kind]} | {success(group)} % | {left} | {took} | {aborted} |"
