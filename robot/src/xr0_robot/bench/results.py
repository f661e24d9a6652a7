"""Rows of episodes to one JSON file: what was measured, how sure it is, and on which machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xr0_robot.bench import metrics
from xr0_robot.report import machine, now, versions, wilson


def summarize(rows: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a results file. rows: `EpisodeResult.row()`.

    `episodes` are those that were asked for: from settings' `first_seed` on. One that failed to run, or that
    has no row, is no success. Time, seam ratio and jerk are medians over what ran, latencies are pooled.
    """
    asked = range(settings["first_seed"], settings["first_seed"] + settings["episodes"])
    return {
        **measured(rows, len(asked), lambda row: f"seed {row['seed']}"),
        "missing_seeds": sorted(set(asked) - {row["seed"] for row in rows}),
        "settings": dict(settings),
        "date": now(),
        "rows": [dict(row) for row in rows],
    }


def measured(
    rows: Sequence[Mapping[str, Any]], asked: int, name: Callable[[Mapping[str, Any]], str]
) -> dict[str, Any]:
    """What any set of episodes comes to, of which so many were `asked` for, and on which machine. name: of a
    row that has an error, for people."""
    ran = [row for row in rows if row["error"] is None]
    successes = sum(row["success"] for row in ran)
    ticks = sum(row["ticks"] for row in ran)
    return {
        "episodes": asked,
        "successes": successes,
        "success_rate": successes / asked,
        "ci95": list(wilson(successes, asked)),
        "spoken_success_rate": _spoken_success_rate(ran, asked),
        "median_time_s": _median(ran, "time_s"),
        "seam_ratio": _median(ran, "seam_ratio"),
        "rms_jerk": _median(ran, "rms_jerk"),
        "idle_share": sum(row["idle_ticks"] for row in ran) / ticks if ticks else None,
        "missed_ticks": sum(row["missed_ticks"] for row in ran),
        "latency_ms": metrics.percentiles([ms for row in ran for ms in row["latencies_ms"]]),
        "errors": [f"{name(row)}: {row['error']}" for row in rows if row["error"] is not None],
        "code": sorted({row["code"] for row in rows}),
        "machine": machine(),
        "versions": versions(),
    }


def whole(summary: Mapping[str, Any]) -> bool:
    """Whether every episode that was asked for ran."""
    return not summary["errors"] and not summary["missing_seeds"]


def merge(parts: Sequence[Mapping[str, Any]], first_seed: int, episodes: int) -> dict[str, Any]:
    """One result from slices of an evaluation of `episodes` seeds, of which some may be missing.

    ValueError if settings differ, or a seed was run twice or not asked for.
    """
    if not parts:
        raise ValueError("merge: got no results, expected at least one")
    of_slice = ("first_seed", "episodes")
    common = [{k: v for k, v in part["settings"].items() if k not in of_slice} for part in parts]
    for other in common[1:]:
        if other != common[0]:
            raise ValueError(f"merge: got results of different settings: {common[0]} and {other}")
    rows = sorted((row for part in parts for row in part["rows"]), key=lambda row: row["seed"])
    seeds = [row["seed"] for row in rows]
    twice = sorted({seed for seed in seeds if seeds.count(seed) > 1})
    if twice:
        raise ValueError(f"merge: got seeds {twice} more than once")
    strange = sorted(set(seeds) - set(range(first_seed, first_seed + episodes)))
    if strange:
        raise ValueError(f"merge: got seeds {strange}, expected {episodes} from {first_seed} on")
    return summarize(rows, {**common[0], "first_seed": first_seed, "episodes": episodes})


def read(path: Path) -> dict[str, Any]:
    """A results file; ValueError with the path if it is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: not JSON: {error}") from error
    if not isinstance(content, dict) or not {"settings", "rows"} <= content.keys():
        raise ValueError(f"{path}: expected results with 'settings' and 'rows'")
    return content


def _spoken_success_rate(ran: Sequence[Mapping[str, Any]], asked: int) -> float | None:
    """Of the sentences that were spoken instead of the scored ones; None where none was."""
    fulfilled = [row["spoken_success"] for row in ran if row["spoken_success"] is not None]
    return sum(fulfilled) / asked if fulfilled else None


def _median(rows: Sequence[Mapping[str, Any]], key: str) -> float | None:
    values = [row[key] for row in rows if row[key] is not None]
    return float(np.median(values)) if values else None
