"""A method of real-time execution of your own, in the benchmark: copy this file and change `join`.

    python my_method.py out/mine.json

Beside it stand the two that it should beat: none at all, and the one that XR-0 ships.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from xr0.seam.grid import QUICK, Grid
from xr0.seam.methods import DEFAULT, ENTRIES, Entry
from xr0.seam.publish import publish
from xr0_robot.executor.methods import Naive
from xr0_robot.executor.strategy import Handover


@dataclass(frozen=True)
class CrossFade(Naive):
    """Over the next `ticks` the plan passes from the old chunk to the new one, linearly.

    What a method can change: when to ask (`due`), what to ask (`ask`), how a chunk takes over (`join`), and
    each command in its own tick (`correction`). The rest is as in `Naive`.
    """

    ticks: int = 6
    name = "cross_fade"

    def join(self, handover: Handover) -> np.ndarray:
        """The plan [n, native_dim] from now on, of the new rows and what is left of the old ones."""
        plan = handover.fresh.copy()
        old = handover.planned(min(self.ticks, len(plan)))
        share = np.arange(1, len(old) + 1)[:, None] / (self.ticks + 1)  # of the new chunk
        plan[: len(old)] = (1 - share) * old + share * plan[: len(old)]
        return plan


MINE = {CrossFade.name: Entry(CrossFade())}
"""It needs no training of its own; a variant of `xr0.seam.train.VARIANTS` would be named here."""

GRID = replace(QUICK, methods=("sync", "naive", DEFAULT, CrossFade.name))
"""`FULL` instead of `QUICK` for numbers to publish."""


def main(json: Path, grid: Grid = GRID, checkpoints: Path = Path("out/seam_quick")) -> None:
    """Measure, and write the results, a table and a plot."""
    print(publish(grid, {**ENTRIES, **MINE}, json, checkpoints, workers=2))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
