"""RT-Seam's tasks, an episode of each by its expert: what moves, seen from above, and the commands.

Usage: python runs/seam_picture.py OUT.png
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from xr0_robot.sims.seam.base import RATE_HZ, SeamWorld
from xr0_robot.sims.seam.tasks import TASKS

SEED = 500_001


def episode(world: SeamWorld) -> tuple[list[dict[str, tuple[float, ...]]], np.ndarray]:
    """What there is to see in each tick, and the commands [n, d]."""
    world.reset(SEED)
    seen, commands, held = [], [], 0
    while len(commands) < world.ticks and held <= world.settle and not world.failed:
        seen.append(world.draw())
        commands.append(world.expert())
        world.apply(commands[-1])
        held = held + 1 if world.success() else 0
    return seen, np.stack(commands)


def from_above(axes: Axes, seen: list[dict[str, tuple[float, ...]]], surprise: int) -> None:
    """Paths, with each thing's outline at the surprise and at the end."""
    for place, name in enumerate(seen[0]):
        path = np.array([tick[name][:2] for tick in seen])
        color = f"C{place}"
        axes.plot(*path[: surprise + 1].T, ":", color=color)
        axes.plot(*path[surprise + 1 :].T, color=color, label=name)
        for tick, alpha in ((surprise, 0.25), (-1, 0.8)):
            axes.add_patch(plt.Circle(path[tick], seen[0][name][2], color=color, alpha=alpha))
    axes.set_aspect("equal", adjustable="datalim")
    axes.legend(fontsize="small")


def main(path: Path) -> None:
    """One picture of all."""
    figure, axes = plt.subplots(2, len(TASKS), figsize=(18, 6), layout="constrained")
    for column, (name, task) in enumerate(TASKS.items()):
        world = task()
        seen, commands = episode(world)
        from_above(axes[0, column], seen, world.surprise_tick)
        axes[0, column].set_title(f"{name}: {task.instruction}")
        axes[1, column].plot(np.arange(len(commands)) / RATE_HZ, commands)
        axes[1, column].axvline((world.surprise_tick + 1) / RATE_HZ, color="grey", linestyle=":")
        axes[1, column].set_xlabel("s; dotted: until and at the surprise")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
