"""Which samples a process sees at a step: slices of one endless row of sample indices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Slices:
    """Step s has the samples s * batch to (s + 1) * batch, whatever the number of processes; its
    `accumulate` micro-batches and `processes` processes take slices of equal size."""

    batch: int
    accumulate: int = 1
    processes: int = 1
    rank: int = 0

    def __post_init__(self) -> None:
        if self.batch < 1 or self.batch % self.parts:
            raise ValueError(
                f"batch: got {self.batch} samples a step, expected a multiple of {self.accumulate} "
                f"micro-batches x {self.processes} processes"
            )

    @property
    def parts(self) -> int:
        """Micro-batches of a step, over all processes."""
        return self.accumulate * self.processes

    def part(self, k: int) -> int:
        """Which of a step's parts micro-batch k of this process is."""
        return (k % self.accumulate) * self.processes + self.rank

    def step(self, k: int) -> int:
        """The optimiser step that micro-batch k belongs to."""
        return k // self.accumulate

    def indices(self, k: int) -> np.ndarray:
        """int64: the samples of micro-batch k of this process."""
        size = self.batch // self.parts
        first = self.step(k) * self.batch + self.part(k) * size
        return np.arange(first, first + size)


def cut(count: int, parts: int, part: int) -> np.ndarray:
    """0 to count - 1 in `parts` runs as equal as can be; the numbers of one of them."""
    return np.array_split(np.arange(count), parts)[part]
