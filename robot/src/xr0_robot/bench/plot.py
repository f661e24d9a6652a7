"""One picture of an episode: the commands over time, where chunks begin, what was promised, where it held."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from xr0_robot.bench.rollout import EpisodeResult
from xr0_robot.types import Segment

INK, SEAM = "#222222", "#3b6fb6"
SHADES = {"prefix": "#f2a33a", "idle": "#c94b4b", "touch": "#8a5fc0"}
LINES = ("#1b6ca8", "#c1512f", "#4a8f3c")
"""x, y, z of a vector."""


def save(result: EpisodeResult, path: Path, title: str) -> None:
    """Write a PNG. Vertical lines: the first command of a chunk; shaded: prefixes (amber), holds (red) and
    what the fingertips commanded (violet)."""
    panels = [panel for segment in result.embodiment.segments for panel in _panels(segment)]
    figure = Figure(figsize=(11, 1.1 + 1.9 * len(panels)), layout="constrained")
    axes = np.atleast_1d(figure.subplots(len(panels), 1, sharex=True))
    time_s = np.arange(len(result.ticks)) * result.embodiment.dt
    commands = np.stack([tick.command for tick in result.ticks])
    for axis, (label, columns, names) in zip(axes, panels, strict=True):
        for column, name, colour in zip(columns, names, LINES, strict=False):
            axis.plot(time_s, commands[:, column], color=colour, lw=1.4, label=name)
        axis.set_ylabel(label)
        axis.margins(x=0.0)
        axis.spines[["top", "right"]].set_visible(False)
        _mark(axis, result)
        if len(names) > 1:
            axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8)
    axes[-1].set_xlabel("time [s]")
    figure.suptitle(title, fontsize=11, color=INK)
    _legend(figure)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)


def _panels(segment: Segment) -> list[tuple[str, list[int], tuple[str, ...]]]:
    """Label, columns and their names: a pose has a panel for metres and one for radians."""
    columns = list(range(segment.native, segment.native + segment.size))
    if segment.kind == "plain":
        return [(segment.name, columns, tuple(str(i) for i in range(segment.size)))]
    return [
        (f"{segment.name} [m]", columns[:3], ("x", "y", "z")),
        (f"{segment.name} [rad]", columns[3:], ("rx", "ry", "rz")),
    ]


def _mark(axis: Any, result: EpisodeResult) -> None:
    dt, chunk = result.embodiment.dt, -1
    for tick in result.ticks:
        left = (tick.tick - 0.5) * dt
        if tick.freshness != "fresh":
            axis.axvspan(left, left + dt, color=SHADES[tick.freshness], alpha=0.22, lw=0)
        if tick.chunk >= 0 and tick.chunk != chunk:
            axis.axvline(left, color=SEAM, lw=0.9, alpha=0.8)
            chunk = tick.chunk


def _legend(figure: Figure) -> None:
    figure.legend(
        handles=[
            Line2D([], [], color=SEAM, lw=1.2, label="a new chunk takes over"),
            Patch(color=SHADES["prefix"], alpha=0.35, label="prefix: promised while thinking"),
            Patch(color=SHADES["idle"], alpha=0.35, label="idle: nothing fresh, holding"),
        ],
        loc="outside lower center",
        ncols=3,
        frameon=False,
        fontsize=8,
    )
