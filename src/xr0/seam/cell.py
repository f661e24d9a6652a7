"""One cell of the grid: a task, a method and a condition, with the weights of one training seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xr0.seam import metrics, probe
from xr0.seam.lockstep import Run, Timing, Trace
from xr0.seam.methods import Entry
from xr0.seam.policy import SeamPolicy
from xr0.seam.probe import Reference
from xr0_robot.executor.jitter import JITTERS
from xr0_robot.executor.latency import Quantile
from xr0_robot.sims.seam.base import RATE_HZ
from xr0_robot.sims.seam.tasks import TASKS

LONGEST_REACTION = 60
"""Ticks; what takes longer counts as this."""


@dataclass(frozen=True)
class Condition:
    """delay: of an inference, in ticks; where it varies, its median. regime: how it varies, of
    `executor.jitter.JITTERS`."""

    delay: int
    regime: str

    def timing(self) -> Timing:
        """On the virtual clock; the executor estimates the delay as it does on a robot."""
        return Timing(self.delay / RATE_HZ, JITTERS[self.regime], Quantile())


@dataclass(frozen=True)
class Cell:
    """What is run."""

    task: str
    method: str
    condition: Condition
    training_seed: int

    @property
    def file(self) -> str:
        """Where its rows lie."""
        condition = f"{self.condition.regime}_{self.condition.delay}"
        return f"{self.task}/{self.method}/{condition}_seed_{self.training_seed}.json"


def measure(
    cell: Cell, entry: Entry, policy: SeamPolicy, reference: Reference, seeds: Sequence[int]
) -> dict[str, Any]:
    """A row for each seed's episode, and the probe. reference: of the same training seed's policy without a
    prefix, whose noise is the measure of a reaction, and whose sensitivity that of all others."""
    run = Run(TASKS[cell.task], policy, entry.strategy, cell.condition.timing())
    episodes, twins = run.episodes(seeds), run.twins(seeds, LONGEST_REACTION)
    pairs = zip(episodes, twins, strict=True)
    return {
        "cell": {"task": cell.task, "method": cell.method, "training_seed": cell.training_seed},
        "condition": {"delay": cell.condition.delay, "regime": cell.condition.regime},
        "rows": [_row(trace, twin, reference.sigma) for trace, twin in pairs],
        "probe": probe.sensitivity(entry.strategy, policy, reference, cell.condition.delay),
    }


def _row(trace: Trace, twin: Trace, sigma: np.ndarray) -> Mapping[str, Any]:
    """One episode. Times in ticks, jerk and jumps in the commands' own unit and seconds."""
    dt = 1 / RATE_HZ
    commands, chunks = trace.commands, trace.chunks
    return {
        "seed": trace.seed,
        "success": trace.finish is not None,
        "finish_ticks": None if trace.finish is None else trace.finish - trace.visible,
        "seam_bends": metrics.seam_bends(commands, chunks),
        "velocity_jump": metrics.velocity_jump(commands, chunks, dt),
        "jerk": metrics.rms_jerk(commands, dt),
        "sparc": metrics.sparc(trace.path, dt),
        "idle_share": metrics.idle_share(chunks),
        "reaction_ticks": metrics.reaction_ticks(
            commands, twin.commands, trace.visible, sigma, LONGEST_REACTION
        ),
    }
