"""Episodes of many pieces: how many were done, how fast, and what went wrong by kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from xr0_robot import report
from xr0_robot.executor.tick import Tick
from xr0_robot.sims.benchmark import PieceEnv
from xr0_robot.sims.pieces import Account
from xr0_robot.types import Observation

DRAFT_TICKS = 1000
"""From one writing of an episode that goes on to the next."""


def row(account: Account) -> dict[str, Any]:
    """What an episode's row has beside the usual."""
    pause_s, ended_by = account.longest_pause()
    return {
        "pieces": [asdict(piece) for piece in account.pieces],
        "mishaps": dict(account.mishaps),
        "interventions": account.interventions,
        "worked_s": account.until_s,
        "longest_pause_s": round(pause_s, 2),
        "pause_ended_by": ended_by,
    }


def summary(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of one task's episodes that ran. A piece's success rate is of those that ended; per_minute: pieces done
    in all the time that was worked."""
    pieces = [piece for row in rows for piece in row["pieces"]]
    done = [piece for piece in pieces if piece["wrong"] is None]
    times = [piece["ended_s"] - piece["begun_s"] for piece in done]
    worked_s = sum(row["worked_s"] for row in rows)
    pause = max(rows, key=lambda row: row["longest_pause_s"], default=None)
    mishaps = Counter[str]()
    for row in rows:
        mishaps.update(row["mishaps"])
    return {
        "pieces": len(pieces),
        "done": len(done),
        "done_rate": len(done) / len(pieces) if pieces else None,
        "done_ci95": list(report.wilson(len(done), len(pieces))) if pieces else None,
        "worked_s": round(worked_s, 1),
        "per_minute": 60 * len(done) / worked_s if worked_s else None,
        "per_hour": 3600 * len(done) / worked_s if worked_s else None,
        "piece_s": {f"p{q}": float(np.percentile(times, q)) if times else None for q in (50, 90)},
        "wrong": dict(Counter(piece["wrong"] for piece in pieces if piece["wrong"] is not None)),
        "mishaps": {kind: round(count, 1) for kind, count in mishaps.items()},
        "interventions": sum(row["interventions"] for row in rows),
        "longest_pause_s": pause and pause["longest_pause_s"],
        "pause_ended_by": pause and pause["pause_ended_by"],
        "seam_ratio": _median([row["seam_ratio"] for row in rows]),
        "idle_share": sum(row["idle_ticks"] for row in rows) / max(1, sum(row["ticks"] for row in rows)),
    }


def table(tasks: Mapping[str, Mapping[str, Any]], name: str) -> list[str]:
    """Markdown, a row for each task. tasks: of `summary`; name: of a piece."""
    lines = [
        "",
        f"| | {name}s | done % (95 %) | per minute | per hour | median s | interventions | "
        "longest without progress | seam ratio | idle % | what went wrong |",
        "|" + "---|" * 11,
    ]
    for task, found in tasks.items():
        if not found["pieces"]:
            lines.append(f"| {task} | 0 |" + " |" * 9)
            continue
        low, high = (100 * end for end in found["done_ci95"])
        seam = "" if found["seam_ratio"] is None else f"{found['seam_ratio']:.2f}"
        median = "" if found["piece_s"]["p50"] is None else f"{found['piece_s']['p50']:.1f}"
        cells = [
            task,
            str(found["pieces"]),
            f"{100 * found['done_rate']:.1f} ({low:.1f} to {high:.1f})",
            f"{found['per_minute']:.2f}",
            f"{found['per_hour']:.0f}",
            median,
            str(found["interventions"]),
            f"{found['longest_pause_s']:.0f} s, then {found['pause_ended_by']}",
            seam,
            f"{100 * found['idle_share']:.1f}",
            _counted({**found["wrong"], **found["mishaps"]}),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


class Draft:
    """Writes what an episode has come to so far, while it goes on: some last half an hour. The file is gone
    with the episode's end, when its row is written."""

    def __init__(self, env: PieceEnv, path: Path) -> None:
        self._env, self._path = env, path

    def __call__(self, tick: Tick, observe: Callable[[], Observation]) -> None:
        """After each tick."""
        del observe
        if tick.tick % DRAFT_TICKS == DRAFT_TICKS - 1:
            report.write(self._path, row(self._env.account()))

    def drop(self) -> None:
        """The episode has ended."""
        self._path.unlink(missing_ok=True)


def _counted(kinds: Mapping[str, float]) -> str:
    return ", ".join(f"{kind} {count:g}" for kind, count in kinds.items() if count)


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None
