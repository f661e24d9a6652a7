"""From a grid to what is published: results, a table and a plot side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

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

    The cells lie in a folder named after `json`, the plot beside it with the ending .png. bricks: folder of
    the brick table's results, whose rows are added.
    """
    cells = json.with_suffix("")
    on_table = [] if bricks is None else rollouts.rows(bricks)
    grid.run(asked, entries, grid.Places(checkpoints, cells), workers, lambda line: print(line, flush=True))
    rows = table.rows(grid.read(asked, cells), asked.methods) + on_table
    judged = lines.judged(rows)
    report.write(json, {**table.content(rows), "pass_lines": [asdict(line) for line in judged]})
    words = f"{table.markdown(rows)}\n{lines.markdown(judged)}"
    json.with_suffix(".md").write_text(words, encoding="utf-8")
    plot.pareto(rows, json.with_suffix(".png"))
    return words
