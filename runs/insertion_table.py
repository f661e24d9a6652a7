"""The README's table of insertions from results/tactile/insertion.json, between its markers.
Usage: RESULTS README"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

START = "<!-- results/tactile/insertion.json: written by runs/insertion_table.py -->"
END = "<!-- end of insertion -->"

TITLES = {
    "from the stand, not refined": "taken from a stand, placed as it is held",
    "from the stand, re-grasped": "**taken from a stand, re-grasped by touch**",
    "handed over, not refined": "handed over in the air, placed as it is held",
    "handed over, compensated": "**handed over in the air, placed with what was felt**",
}


def line(group: dict[str, Any]) -> str:
    """One kind of insertion."""
    low, high = (100 * bound for bound in group["ci95"])
    left = "" if group["left_mm"] is None else f"{group['left_mm']:.2f} mm, {group['left_deg']:.1f}°"
    took = "" if group["median_refinement_s"] is None else f"{group['median_refinement_s']:.1f} s"
    aborted = f"{group['aborted']}" if group["refine"] else ""
    return (
        f"| {TITLES[group['kind']]} | {100 * group['success_rate']:.1f} % ({low:.0f} to {high:.0f}) "
        f"| {left} | {took} | {aborted} |"
    )


def main() -> None:
    """Replace what stands between the markers."""
    path, readme = map(Path, sys.argv[1:])
    groups = {group["kind"]: group for group in json.loads(path.read_text())["groups"]}
    lines = [
        "| the key | inserted (95 % interval) | left, median | refinement | given up |",
        "|---|---|---|---|---|",
        *(line(groups[kind]) for kind in TITLES),
    ]
    before, rest = readme.read_text().split(START)
    _, after = rest.split(END)
    readme.write_text("\n".join([before + START, *lines, END + after]))


if __name__ == "__main__":
    main()
