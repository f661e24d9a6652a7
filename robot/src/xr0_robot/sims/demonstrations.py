"""A benchmark's experts as a world to record, a task at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xr0_robot.env import Env
from xr0_robot.sims import benchmark
from xr0_robot.sims.world import Question
from xr0_robot.worlds import OFFICIAL


@dataclass(frozen=True)
class Tasks:
    """Which of a benchmark's tasks are shown, by names as `Benchmark.select` takes them, and how: height of
    the pictures, the official one where None, and the look."""

    names: tuple[str, ...] = ()
    pixels: int | None = None
    look: str = OFFICIAL

    def select(self, name: str) -> tuple[str, ...]:
        """Each one's name; ValueError for what the benchmark has not."""
        protocol = benchmark.open_protocol(name)
        protocol.check(protocol.first_seed, self.look)
        if self.pixels is not None and self.pixels < 1:
            raise ValueError(f"pixels: got {self.pixels}, expected at least 1")
        return tuple(task.name for task in protocol.select(self.names))


class BenchmarkDemonstrator:
    """The `Demonstrator` of one of a benchmark's tasks.

    An episode ends with its first success, as it does where a policy is scored.
    """

    idle_ticks = 0

    def __init__(self, name: str, task: str, pixels: int | None, look: str) -> None:
        protocol = benchmark.open_protocol(name)
        robot = protocol.scaled(pixels)
        self._name = name
        self._task_env = benchmark.open_env(name, task, robot, look)
        self.env: Env = self._task_env
        self.columns = self._task_env.columns
        self.time_limit_s = protocol.task(task).ticks * robot.dt

    def begin(self, seed: int) -> tuple[str, Mapping[str, bool]]:
        """Start the seed's scene."""
        instruction = self.env.reset(seed)
        self._act = benchmark.begin(self._name, self._task_env)
        return instruction, {}

    def act(self) -> np.ndarray:
        """The expert's command."""
        return self._act()

    def meant(self) -> bool:
        """Always."""
        return True

    def numbers(self) -> Mapping[str, np.ndarray]:
        """The values of `columns` now."""
        return self._task_env.numbers()

    def questions(self) -> Sequence[Question]:
        """None."""
        return ()

    def disturbance(self) -> np.ndarray:
        """None."""
        return np.zeros(self.env.embodiment.native_dim)
