"""What a scoreboard's model learnt from, and for how long: demonstrations by task, steps and seconds of each
stage. Usage: WORK JSON"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from xr0_robot import report

STAGES = ("choice", "flow")
"""Run folders of both stages."""


def training(work: Path) -> dict[str, Any]:
    """Of a folder that runs/board_parts.sh has filled. tried: scenes; kept: those that the expert did."""
    attempts = json.loads((work / "demos/meta/demos.json").read_text())
    tried, kept = Counter[str](), Counter[str]()
    for attempt in attempts:
        tried[attempt["task"]] += 1
        kept[attempt["task"]] += attempt["success"]
    info = json.loads((work / "demos/meta/info.json").read_text())
    return {
        "demonstrations": {task: {"tried": tried[task], "kept": kept[task]} for task in tried},
        "by": "the benchmark's scripted expert",
        "frames": info["total_frames"],
        "stages": {stage: spent(work / stage / "metrics.jsonl") for stage in STAGES},
        "precision": json.loads((work / "flow/run.json").read_text())["precision"],
        "machine": report.machine(),
        "code": report.code(),
        "date": report.now(),
    }


def spent(log: Path) -> dict[str, float]:
    """Steps and seconds of a stage."""
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    last = [line for line in lines if "seconds" in line][-1]
    return {"steps": last["step"] + 1, "seconds": round(last["seconds"], 1)}


if __name__ == "__main__":
    report.write(Path(sys.argv[2]), training(Path(sys.argv[1])))
