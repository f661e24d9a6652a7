"""A board from beginning to end; stopped, it goes on where it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xr0_robot import report
from xr0_robot.bench.board import crew, results
from xr0_robot.bench.board.progress import Progress
from xr0_robot.bench.board.worker import Work, work_on
from xr0_robot.bench.evaluate import GIVE_UP


def board(work: Work, path: Path, workers: int) -> dict[str, Any]:
    """Run what is not on file in `path` yet, say how it goes, and write after every episode; returns what was
    written. GIVE_UP episodes in a row that fail to run end it: the policy or the simulator is gone."""
    if workers < 1:
        raise ValueError(f"workers: got {workers}, expected at least 1")
    settings = work.settings
    rows = results.kept(path, settings)
    ready = {(row["task"], row["seed"]) for row in rows}
    jobs = settings.jobs()
    order = {job: number for number, job in enumerate(jobs)}
    progress, broken = Progress(len(jobs), rows), 0
    waiting = [job for job in jobs if job not in ready]
    print(f"{settings.benchmark}: {len(jobs)} episodes, {len(rows)} of them on file", flush=True)
    summary = results.summarize(rows, settings)
    for row in crew.rows(waiting, work_on, work, min(workers, max(len(waiting), 1))):
        rows = sorted([*rows, row], key=lambda each: order[each["task"], each["seed"]])
        print(progress.line(row), flush=True)
        summary = results.summarize(rows, settings)
        report.write(path, summary)
        broken = 0 if row["error"] is None else broken + 1
        if broken == GIVE_UP:
            break
    return summary
