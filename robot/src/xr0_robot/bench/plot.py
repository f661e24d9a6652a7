"""One picture of an episode: the commands over time, where chunks begin, what was promised, where it held."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from xr0_robot.bench.rollout import EpisodeResult
from xr0_robot.executor.tick import Freshness
from xr0_robot.representations import ANGLES
from xr0_robot.types import Segment

INK, SEAM = "#222222", "#3b6fb6"
SHADES: dict[Freshness, str] = {
    "prefix": "#f2a33a",
    "idle": "#c94b4b",
    "touch": "#8a5fc0",
    "stopped": "#5a5a5a",
}
MEANINGS: dict[Freshness, str] = {
    "prefix": "prefix: promised while thinking",
    "idle": "idle: nothing fresh, holding",
    "touch": "touch: commanded by the fingertips",
    "stopped": "stopped: by the e-stop",
}
LINES = ("#1b6ca8", "#e08a3c", "#3f8f46", "#b03a6f", "#6b5bb5", "#7a6a4f", "#2f9c9c")
"""Of a panel's numbers: x, y, z of a vector, or the joints of an arm."""
DASHES = ("solid", (0, (7, 4)), (0, (2, 2.5)))
"""In turn: where lines lie on each other, the lower ones show in the gaps."""


def save(result: EpisodeResult, path: Path, title: str) -> None:
    """Write a PNG. Vertical lines: the first command of a chunk; shaded: prefixes (amber), holds (red) and
    what the fingertips commanded (violet)."""
    shown = [panel for segment in result.embodiment.segments for panel in panels(segment)]
    figure = Figure(figsize=(11, 1.1 + 1.9 * len(shown)), layout="constrained")
    axes = np.atleast_1d(figure.subplots(len(shown), 1, sharex=True))
    time_s = np.arange(len(result.ticks)) * result.embodiment.dt
    commands = np.stack([tick.command for tick in result.ticks])
    for axis, (label, columns, names) in zip(axes, shown, strict=True):
        for k, (column, name) in enumerate(zip(columns, names, strict=True)):
            colour, dashes = LINES[k % len(LINES)], DASHES[k % len(DASHES)]
            axis.plot(time_s, commands[:, column], color=colour, ls=dashes, lw=1.7, label=name)
        axis.set_ylabel(label)
        axis.margins(x=0.0)
        axis.spines[["top", "right"]].set_visible(False)
        _mark(axis, result)
        if len(names) > 1:
            axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8)
    axes[-1].set_xlabel("time [s]")
    figure.suptitle(title, fontsize=11, color=INK)
    _legend(figure, {tick.freshness for tick in result.ticks})
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)


def panels(segment: Segment) -> list[tuple[str, list[int], tuple[str, ...]]]:
    """Of a segment: label, columns and their names; a pose has a panel for metres, one for its rotation."""
    columns = list(range(segment.native, segment.native + segment.size))
    names = tuple(name.removeprefix(f"{segment.name}.") for name in segment.number_names)
    angle = "deg" if segment.unit == "degrees" else "rad"
    if segment.kind != "pose":
        return [(f"{segment.name} [deg]" if segment.unit == "degrees" else segment.name, columns, names)]
    written = angle if segment.rotation in ANGLES else segment.rotation
    return [
        (f"{segment.name} [m]", columns[:3], names[:3]),
        (f"{segment.name} [{written}]", columns[3:], names[3:]),
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


def _legend(figure: Figure, seen: set[Freshness]) -> None:
    shaded = [Patch(color=SHADES[name], alpha=0.35, label=MEANINGS[name]) for name in SHADES if name in seen]
    figure.legend(
        handles=[Line2D([], [], color=SEAM, lw=1.2, label="a new chunk takes over"), *shaded],
        loc="outside lower center",
        ncols=4,
        frameon=False,
        fontsize=8,
    )
