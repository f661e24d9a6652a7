"""From a grid to what is published: results, a table and a plot side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from xr0.seam import grid, lines, plot, rollouts, table
from xr0.seam.methods import Entry
from xr0_robot import report


def publish(
    asked: grid.Grid,
    entries: Mapping[str, Entry],
    json: Path,
    checkpoints: Path,
    workers: int,
    bricks: Path | None = None,
) -> str:
    """Run what is missing of the grid; the tables, as written to `json` with the ending .md.

    The cells lie in a folder named after `json`, the plot beside it with the ending .png. What is there is
    published after each condition, so that a run that is stopped has its tables. bricks: folder of the brick
    table's results, whose rows are added.
    """
    places = grid.Places(checkpoints, json.with_suffix(""))
    on_table = [] if bricks is None else rollouts.rows(bricks)
    words = ""
    for done in range(1, len(asked.conditions) + 1):
        part = replace(asked, conditions=asked.conditions[:done])
        grid.run(part, entries, places, workers, lambda line: print(line, flush=True))
        rows = table.rows(grid.read(asked, places.cells), asked.methods) + on_table
        words = _written(rows, json)
    return words


def _written(rows: list[dict[str, Any]], json: Path) -> str:
    judged = lines.judged(rows)
    report.write(json, {**table.content(rows), "pass_lines": [asdict(line) for line in judged]})
    words = "\n".join((table.markdown(rows), table.by_condition(rows), lines.markdown(judged)))
    json.with_suffix(".md").write_text(words, encoding="utf-8")
    plot.pareto(rows, json.with_suffix(".png"))
    return words
