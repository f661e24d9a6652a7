"""Rows of episodes to one JSON file: what was measured, how sure it is, and on which machine."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from xr0_robot.bench import metrics

Z95 = 1.959963984540054
"""The normal distribution's 97.5 % quantile: two-sided 95 %."""

PACKAGES = ("xr0-robot", "numpy", "mujoco")
"""Whose versions may change a result."""


def wilson(successes: int, episodes: int) -> tuple[float, float]:
    """95 % score interval of a success rate (Wilson 1927); it keeps a width at rates 0 and 1."""
    if not 0 <= successes <= episodes or episodes == 0:
        raise ValueError(
            f"success rate: got {successes} of {episodes}, expected 0 <= successes <= episodes > 0"
        )
    rate, z2 = successes / episodes, Z95**2
    centre = rate + z2 / (2 * episodes)
    spread = Z95 * math.sqrt(rate * (1 - rate) / episodes + z2 / (4 * episodes**2))
    scale = 1 + z2 / episodes
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


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
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
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


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON so that the file is either the old one or the new one, whole (no NaN: null)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    draft.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    draft.replace(path)


def read(path: Path) -> dict[str, Any]:
    """A results file; ValueError with the path if it is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: not JSON: {error}") from error
    if not isinstance(content, dict) or not {"settings", "rows"} <= content.keys():
        raise ValueError(f"{path}: expected results with 'settings' and 'rows'")
    return content


def machine() -> dict[str, Any]:
    """The computer, in words."""
    return {"cpu": _cpu(), "cores": os.cpu_count(), "system": platform.platform()}


def versions() -> dict[str, str]:
    """Python and the packages on which a result depends, as far as they are installed."""
    found = {"python": platform.python_version()}
    installed = {dist.metadata["Name"]: dist.version for dist in metadata.distributions()}
    return found | {name: installed[name] for name in PACKAGES if name in installed}


def _cpu() -> str:
    """Linux says it in /proc only."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _median(rows: Sequence[Mapping[str, Any]], key: str) -> float | None:
    values = [row[key] for row in rows if row[key] is not None]
    return float(np.median(values)) if values else None
