"""From a grid to what is published: results, a table and a plot side by side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from xr0.seam import grid, plot, table
from xr0.seam.methods import Entry
from xr0_robot import report


def publish(
    asked: grid.Grid, entries: Mapping[str, Entry], json: Path, checkpoints: Path, workers: int
) -> str:
    """Run what is missing of the grid; the table, as written to `json` with the ending .md.

    The cells lie in a folder named after `json`, the plot beside it with the ending .png.
    """
    cells = json.with_suffix("")
    grid.run(asked, entries, grid.Places(checkpoints, cells), workers, lambda line: print(line, flush=True))
    content = table.content(grid.read(asked, cells), asked.methods)
    report.write(json, content)
    words = table.markdown(content["rows"])
    json.with_suffix(".md").write_text(words, encoding="utf-8")
    plot.pareto(content["rows"], json.with_suffix(".png"))
    return words
