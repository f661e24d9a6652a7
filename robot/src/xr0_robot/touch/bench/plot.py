"""One picture of the demo: the error of each grasp, falling."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Protocol

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

COLOURS = ("#1b6ca8", "#c1512f", "#4a8f3c")
PANELS = (("error [mm]", 0.005, 10.0), ("error [degrees]", 0.05, 30.0))
"""Label and range of each, logarithmic."""

STRICT = (0.5, 3.0)
"""The strictest success of the evaluation: mm and degrees."""


class Refinement(Protocol):
    """errors: [grasps, 2], mm and degrees."""

    @property
    def name(self) -> str:
        """What was grasped."""
        ...

    @property
    def errors(self) -> np.ndarray:
        """Before the first motion, after it, and so on."""
        ...


def save(episodes: Sequence[Refinement], path: Path) -> None:
    """Write a PNG."""
    figure = Figure(figsize=(9.5, 4.0), layout="constrained")
    axes = figure.subplots(1, 2)
    most = max(len(episode.errors) for episode in episodes)
    for column, (axis, (label, low, high), strict) in enumerate(zip(axes, PANELS, STRICT, strict=True)):
        for episode, colour in zip(episodes, cycle(COLOURS), strict=False):
            motions = np.arange(len(episode.errors))
            axis.plot(
                motions, episode.errors[:, column], "o-", color=colour, lw=1.8, ms=5, label=episode.name
            )
        axis.axhline(strict, color="#999999", lw=1.0, ls=(0, (4, 3)))
        unit = "mm" if column == 0 else "degrees"
        axis.text(0, strict * 1.08, f"{strict:g} {unit}", color="#777777", fontsize=8)
        axis.set(yscale="log", ylim=(low, high), xlabel="motions of the wrist", ylabel=label)
        axis.set_xticks(range(most))
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="y", color="#e4e4e4", lw=0.6)
    axes[0].legend(frameon=False, fontsize=9)
    figure.suptitle("Refined by touch, in a simulator the network has never seen", fontsize=11)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
