"""What a board's results are of, and the episodes that make it up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xr0_robot.bench.execution import Execution
from xr0_robot.sims.benchmark import Benchmark, open_protocol
from xr0_robot.worlds import OFFICIAL

Job = tuple[str, int]
"""An episode: task and seed."""


@dataclass(frozen=True)
class Settings(Execution):
    """How a board is run; written to its results as it is, and what a run is resumed by.

    tasks: names as `Benchmark.select` takes them; episodes: of each task, on seeds from first_seed on;
    checkpoint: what the server says that it serves, None for the benchmark's own scripted experts.
    """

    benchmark: str = ""
    tasks: tuple[str, ...] = ()
    episodes: int = 1
    first_seed: int = 0
    look: str = OFFICIAL
    checkpoint: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.episodes < 1:
            raise ValueError(f"episodes: got {self.episodes}, expected at least 1")
        for seed in (self.first_seed, self.first_seed + self.episodes - 1):
            self.protocol.check(seed, self.look)
        self.protocol.select(self.tasks)

    @property
    def protocol(self) -> Benchmark:
        """The benchmark's."""
        return open_protocol(self.benchmark)

    def jobs(self) -> list[Job]:
        """All episodes, task by task."""
        seeds = range(self.first_seed, self.first_seed + self.episodes)
        return [(task.name, seed) for task in self.protocol.select(self.tasks) for seed in seeds]
