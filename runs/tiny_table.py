"""The README's table from what is in results/tiny, between its two markers. Usage: RESULTS README"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import readme

START, END = "<!-- results/tiny: written by runs/tiny_table.py -->", "<!-- end -->"

ROWS = {
    "eval_sync.json": "stops to think, world frozen meanwhile",
    "eval_sync_100ms.json": "stops to think, 100 ms each time",
    "eval_async_100ms.json": "**thinks while it moves**, 100 ms",
    "eval_async_100ms_perturb.json": "the same, and the brick is moved on approach",
    "eval_wrong_instruction.json": "told another sentence than the one scored",
}


def row(path: Path, title: str) -> str:
    """One line of the table."""
    r = json.loads(path.read_text())
    low, high = (100 * bound for bound in r["ci95"])
    time_s = f"{r['median_time_s']:.2f} s" if r["median_time_s"] is not None else "-"
    seam = f"{r['seam_ratio']:.2f}" if r["seam_ratio"] is not None else "-"
    return (
        f"| {title} | {100 * r['success_rate']:.1f} % ({low:.0f} to {high:.0f}) | {time_s} | {seam} "
        f"| {100 * r['idle_share']:.1f} % |"
    )


def main() -> None:
    """Replace what stands between the markers."""
    results, target = map(Path, sys.argv[1:])
    head = [
        "| the tiny model | success (95 % interval) | median time | seam ratio | idle |",
        "|---|---|---|---|---|",
    ]
    lines = [row(results / name, title) for name, title in ROWS.items() if (results / name).exists()]
    readme.put(target, START, END, [*head, *lines])


if __name__ == "__main__":
    main()
