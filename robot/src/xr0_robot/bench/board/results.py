"""A board's rows to one JSON file: by task, by group, in the benchmark's means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from xr0_robot import report
from xr0_robot.bench import results
from xr0_robot.bench.board import chain, pieces
from xr0_robot.bench.board.settings import Settings
from xr0_robot.report import now, wilson


def summarize(rows: Sequence[Mapping[str, Any]], settings: Settings) -> dict[str, Any]:
    """The content of a board's file. An episode that failed to run, or has no row yet, is no success.

    task_mean is the mean over tasks, group_mean over the groups' means: published tables have the one or the
    other. Where all tasks have as many episodes the task mean is the share of successes, and has its
    interval.
    """
    tasks = settings.protocol.select(settings.tasks)
    counted = {
        task.name: _rate([row for row in rows if row["task"] == task.name], settings) for task in tasks
    }
    groups = {}
    for name in dict.fromkeys(task.group for task in tasks):
        members = [counted[task.name] for task in tasks if task.group == name]
        groups[name] = {"tasks": len(members), **_pooled(members)}
    done = {(row["task"], row["seed"]) for row in rows}
    return {
        **results.measured(
            rows, len(tasks) * settings.episodes, lambda row: f"{row['task']} seed {row['seed']}"
        ),
        "task_mean": float(np.mean([task["success_rate"] for task in counted.values()])),
        "group_mean": float(np.mean([group["success_rate"] for group in groups.values()])),
        "groups": groups,
        "tasks": counted,
        **_chains(rows, settings, len(tasks) * settings.episodes),
        **_pieces(rows, settings),
        "crashes": sum(row["crashes"] for row in rows),
        "missing": [f"{task} seed {seed}" for task, seed in settings.jobs() if (task, seed) not in done],
        "settings": asdict(settings),
        "date": now(),
        "rows": [dict(row) for row in rows],
    }


def _chains(rows: Sequence[Mapping[str, Any]], settings: Settings, episodes: int) -> dict[str, Any]:
    """What there is to say where episodes have several legs."""
    count = settings.protocol.legs
    return {} if count == 1 else chain.summary(rows, episodes, count)


def _pieces(rows: Sequence[Mapping[str, Any]], settings: Settings) -> dict[str, Any]:
    """What there is to say where episodes are made of many pieces: by task, of what ran."""
    protocol = settings.protocol
    if not protocol.pieces:
        return {}
    ran = [row for row in rows if row["error"] is None]
    return {
        "piece": protocol.pieces,
        "work": {
            task.name: pieces.summary([row for row in ran if row["task"] == task.name])
            for task in protocol.select(settings.tasks)
        },
    }


def whole(summary: Mapping[str, Any]) -> bool:
    """Whether every episode that was asked for ran."""
    return not summary["errors"] and not summary["missing"]


def kept(path: Path, settings: Settings) -> list[dict[str, Any]]:
    """Rows on file that need not be run again: of the same settings, and without an error. None of them where
    there is no file; ValueError with what differs where it is of other settings."""
    if not path.exists():
        return []
    content = results.read(path)
    asked, there = report.plain(asdict(settings)), content["settings"]
    differ = sorted(key for key in {*asked, *there} if asked.get(key) != there.get(key))
    if differ:
        got = ", ".join(f"{key} {there.get(key)!r} instead of {asked.get(key)!r}" for key in differ)
        raise ValueError(
            f"{path}: holds other results, with {got}; expected a new file, or the same settings"
        )
    return [row for row in content["rows"] if row["error"] is None]


def table(summary: Mapping[str, Any]) -> str:
    """Markdown: a row for each group, and the means."""
    lines = ["| | tasks | episodes | success % (95 %) |", "|---|---|---|---|"]
    for name, group in summary["groups"].items():
        lines.append(f"| {name} | {group['tasks']} | {group['episodes']} | {_percent(group)} |")
    count = len(summary["tasks"])
    lines.append(f"| mean of tasks | {count} | {summary['episodes']} | {_percent(summary)} |")
    if len(summary["groups"]) > 1:
        lines.append(
            f"| mean of groups | {count} | {summary['episodes']} | {100 * summary['group_mean']:.1f} |"
        )
    for length, share in summary.get("in_a_row", {}).items():
        lines.append(f"| {length} in a row | {count} | {summary['episodes']} | {_percent(share)} |")
    if "mean_length" in summary:
        lines.append(f"| mean length | {count} | {summary['episodes']} | {summary['mean_length']:.2f} |")
    if "work" in summary:
        lines += pieces.table(summary["work"], summary["piece"])
    return "\n".join(lines)


def _rate(rows: Sequence[Mapping[str, Any]], settings: Settings) -> dict[str, Any]:
    """Of one task."""
    successes = sum(row["success"] for row in rows)
    return _pooled([{"episodes": settings.episodes, "successes": successes}])


def _pooled(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    episodes = sum(part["episodes"] for part in parts)
    successes = sum(part["successes"] for part in parts)
    return {
        "episodes": episodes,
        "successes": successes,
        "success_rate": successes / episodes,
        "ci95": list(wilson(successes, episodes)),
    }


def _percent(rate: Mapping[str, Any]) -> str:
    low, high = (100 * end for end in rate["ci95"])
    return f"{100 * rate['success_rate']:.1f} ({low:.1f} to {high:.1f})"
