"""The Pareto plot: how smooth against how quick, a point for each method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from xr0.seam.cell import Condition
from xr0.seam.grid import PASS_CONDITION
from xr0.seam.methods import DEFAULT
from xr0.seam.table import ALL, reaction_line

SEAM_LINE = 1.2
"""A seam ratio that passes."""


def pareto(
    rows: Sequence[Mapping[str, Any]], path: Path, condition: Condition = PASS_CONDITION, task: str = ALL
) -> None:
    """Seam ratio against reaction, with intervals; what is shaded passes. Nothing where there is no row."""
    asked = (task, condition.delay, condition.regime)
    shown = [row for row in rows if (row["task"], row["delay"], row["regime"]) == asked]
    shown = [row for row in shown if row["seam_ratio"] and row["reaction_ticks"]]
    if not shown:
        return
    figure, axes = plt.subplots(figsize=(7, 5), layout="constrained")
    for row in shown:
        reaction, seam = row["reaction_ticks"], row["seam_ratio"]
        x, y = reaction["mean"], seam["mean"]
        across = [[x - reaction["low"]], [reaction["high"] - x]]
        up = [[y - seam["low"]], [seam["high"] - y]]
        color = "C3" if row["method"] == DEFAULT else "C0"
        axes.errorbar(x, y, yerr=up, xerr=across, fmt="o", color=color, capsize=2)
        rate = 100 * row["success_rate"]["mean"]
        axes.annotate(f"{row['method']}, {rate:.0f} %", (x, y), xytext=(4, 4), textcoords="offset points")
    axes.margins(x=0.2, y=0.1)
    axes.fill_between(
        [axes.get_xlim()[0], reaction_line(condition.delay)], 0, SEAM_LINE, alpha=0.12, color="C2"
    )
    axes.set_xlabel("reaction to the surprise, ticks")
    axes.set_ylabel("seam ratio, 1 is invisible")
    axes.set_title(f"{condition.regime} delay of {condition.delay} ticks, success in %")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)
