"""What was measured of the recipe beside the proofs, between its marks in RESULTS/README.md. Usage: RESULTS

A real robot's data, the plan's memory, and what a dataset's length costs, from the files that are there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import readme

START, END = "<!-- measured: written by runs/recipe_measured.py -->", "<!-- end of measured -->"


REAL = """## A real robot

`runs/real_robot.sh DATASET NAME`: the tiny model, post-trained on all but the last episode; open-loop error
on the last, in standard deviations of each number, mean over the horizon behind the prefix. A prefix is
commands that all methods are told, as on a robot that thinks while it moves.

| data, prefix | policy (95 %) | last command held | mean chunk | nearest state | ridge on the state |
|---|---|---|---|---|---|"""

PLAN = """## The plan's memory

`runs/plan_check.py`: two steps of post-training at full size (4.7 B, the VLM frozen in bfloat16, the action
expert trained in float32 under autocast, one sample of two 256 px views) on a CPU.
"""

SCALE = """## What a dataset's length costs

`runs/data_scale.py`: 3 cameras of 640 x 480, 14 joints, 30 Hz; numbers real, one film linked again and again.
Peaks are of all resident pages, the interpreter's and PyTorch's own included.

| data, cache | opened [s] | statistics [s] | samples/s per worker | process, peak [MB] | worker, peak [MB] |
|---|---|---|---|---|---|"""


def real_robots(results: Path) -> Iterator[str]:
    """A row for each NAME_prefix_N.json."""
    paths = sorted(results.glob("*_prefix_*.json"))
    if not paths:
        return
    yield REAL
    for path in paths:
        found = json.loads(path.read_text())
        policy, *others = (
            found["normalised"][name]["mean"] for name in ("policy", "hold", "mean", "nearest", "ridge")
        )
        cells = [f"{policy['value']:.3f} ({policy['low']:.3f} to {policy['high']:.3f})"]
        cells += [f"{other['value']:.3f}" for other in others]
        ticks = f"{found['prefix']} ticks" if found["prefix"] else "none"
        yield f"| [{found['robot']}]({path.stem}.png), {ticks} | {' | '.join(cells)} |"
    yield f"\n{signed(found)}\n"


def plan(results: Path) -> Iterator[str]:
    """What the plan said, and what was."""
    path = results / "plan_check.json"
    if not path.exists():
        return
    found = json.loads(path.read_text())
    measured, predicted = found["measured_bytes"]["peak"] / 1e9, found["predicted_bytes"]["peak"] / 1e9
    yield PLAN
    yield f"Measured {measured:.2f} GB, predicted {predicted:.2f} GB ({predicted / measured - 1:+.1%})."
    yield f"{found['machine']['cpu']}, {found['when'][:10]}.\n"


def scale(results: Path) -> Iterator[str]:
    """A row for each length."""
    path = results / "data_scale.json"
    if not path.exists():
        return
    found = json.loads(path.read_text())
    yield SCALE
    for name, row in found.items():
        if isinstance(row, dict) and "memory_mb" in row:
            seconds, memory = row["seconds"], row["memory_mb"]
            peaks = (f"{memory[who]['peak']:.0f}" for who in ("training_process", "worker"))
            cells = [seconds["open"], seconds["statistics"], row["samples_per_second_per_worker"], *peaks]
            yield f"| {name} | {' | '.join(map(str, cells))} |"
    yield f"\n{signed(found)}\n"


def signed(found: dict[str, Any]) -> str:
    """Where and when, and with which code."""
    machine = found["machine"]
    return f"{machine['cpu']}, {machine['cores']} cores, {found['written'][:10]}, code {found['code']}."


def main() -> None:
    """Write what stands between the marks, and leave other parts' sections alone."""
    (results,) = map(Path, sys.argv[1:])
    target = results / "README.md"
    if not target.exists():
        target.write_text(f"{START}\n{END}\n")
    elif START not in target.read_text():
        target.write_text(f"{START}\n{END}\n\n{target.read_text()}")
    lines = ["# The recipe", "", *real_robots(results), *plan(results), *scale(results)]
    readme.put(target, START, END, lines)


if __name__ == "__main__":
    main()
