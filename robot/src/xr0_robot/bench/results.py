"""Rows of episodes to one JSON file: what was measured, how sure it is, and on which machine."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xr0_robot.bench import metrics
from xr0_robot.report import machine, now, versions, wilson


def summarize(rows: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a results file. rows: `EpisodeResult.row()`; those with an `error` are kept, but count
    nowhere. Time, seam ratio and jerk are medians over the episodes, latencies are pooled."""
    done = [row for row in rows if row["error"] is None]
    successes = sum(row["success"] for row in done)
    ticks = sum(row["ticks"] for row in done)
    return {
        "episodes": len(done),
        "successes": successes,
        "success_rate": successes / len(done) if done else None,
        "ci95": list(wilson(successes, len(done))) if done else None,
        "median_time_s": _median(done, "time_s"),
        "seam_ratio": _median(done, "seam_ratio"),
        "rms_jerk": _median(done, "rms_jerk"),
        "idle_share": sum(row["idle_ticks"] for row in done) / ticks if ticks else None,
        "missed_ticks": sum(row["missed_ticks"] for row in done),
        "latency_ms": metrics.percentiles([ms for row in done for ms in row["latencies_ms"]]),
        "errors": [f"seed {row['seed']}: {row['error']}" for row in rows if row["error"] is not None],
        "settings": dict(settings),
        "machine": machine(),
        "versions": versions(),
        "date": now(),
        "rows": [dict(row) for row in rows],
    }


def merge(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One result from slices of an evaluation; ValueError if settings differ or a seed was run twice."""
    if not parts:
        raise ValueError("merge: got no results, expected at least one")
    common = [{k: v for k, v in part["settings"].items() if k != "first_seed"} for part in parts]
    for other in common[1:]:
        if other != common[0]:
            raise ValueError(f"merge: got results of different settings: {common[0]} and {other}")
    rows = sorted((row for part in parts for row in part["rows"]), key=lambda row: row["seed"])
    seeds = [row["seed"] for row in rows]
    twice = sorted({seed for seed in seeds if seeds.count(seed) > 1})
    if twice:
        raise ValueError(f"merge: got seeds {twice} more than once")
    first_seed = min(part["settings"]["first_seed"] for part in parts)
    return summarize(rows, {**common[0], "first_seed": first_seed})


def read(path: Path) -> dict[str, Any]:
    """A results file; ValueError with the path if it is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: not JSON: {error}") from error
    if not isinstance(content, dict) or not {"settings", "rows"} <= content.keys():
        raise ValueError(f"{path}: expected results with 'settings' and 'rows'")
    return content


def _median(rows: Sequence[Mapping[str, Any]], key: str) -> float | None:
    values = [row[key] for row in rows if row[key] is not None]
    return float(np.median(values)) if values else None
