"""The brick table's rows: what `xr0 eval` measured of the shipped policy, which sees by cameras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from xr0.seam.methods import RIVAL, WITHOUT_HEAD
from xr0.seam.statistics import bootstrap, mean, median
from xr0_robot.bench import results
from xr0_robot.sims.bricks.embodiment import BRICKS

ON_TABLE = "bricks"
"""The task's name, with the world's variant where it is not the trained one."""

AS_TRAINED = {"async": WITHOUT_HEAD, "prefix": RIVAL}
"""Modes by which the two policies that ship are executed as they were trained."""

UNMEASURED = ("reaction_ticks", "observation_sensitivity", "relative_cost")
"""They need a twin without the surprise, or a probe; a results file has neither."""


def rows(folder: Path) -> list[dict[str, Any]]:
    """A row for each results file of `xr0 eval bricks` in a folder, as `table` has them.

    ValueError for a folder without one, and for a file of another world.
    """
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise ValueError(f"{folder}: got no results, expected files of xr0 eval bricks")
    return [_row(path, results.read(path)) for path in paths]


def _row(path: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    settings, episodes = content["settings"], content["rows"]
    if settings["world"] != ON_TABLE:
        raise ValueError(f"{path}: got results of {settings['world']}, expected {ON_TABLE}")
    missing = [0.0] * (settings["episodes"] - len(episodes))
    seams = [row["seam_ratio"] for row in episodes if row["seam_ratio"] is not None]
    success = bootstrap([float(row["success"]) for row in episodes] + missing, mean)
    seam = bootstrap(seams, median)
    return {
        "task": ON_TABLE if settings["variant"] == "trained" else f"{ON_TABLE}_{settings['variant']}",
        "method": AS_TRAINED.get(settings["mode"], settings["mode"]),
        "delay": round(settings["latency_ms"] / 1000 * BRICKS.rate_hz),
        "regime": settings["jitter"],
        "episodes": settings["episodes"],
        "success_rate": None if success is None else asdict(success),
        "seam_ratio": None if seam is None else asdict(seam),
        **dict.fromkeys(UNMEASURED),
    }
