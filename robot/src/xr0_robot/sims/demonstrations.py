"""A benchmark's experts as a world to record: seeds take the tasks in turn."""

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

    def count(self, name: str) -> int:
        """How many; ValueError for what the benchmark has not."""
        protocol = benchmark.open_protocol(name)
        protocol.check(protocol.first_seed, self.look)
        if self.pixels is not None and self.pixels < 1:
            raise ValueError(f"pixels: got {self.pixels}, expected at least 1")
        return len(protocol.select(self.names))


class BenchmarkDemonstrator:
    """The `Demonstrator` of a benchmark's tasks. Seed s is task s mod n in the scene of seed s div n.

    An episode ends with its first success, as it does where a policy is scored.
    """

    idle_ticks = 0

    def __init__(self, name: str, tasks: Tasks) -> None:
        self._protocol = benchmark.open_protocol(name)
        self._name, self._look = name, tasks.look
        self._tasks = self._protocol.select(tasks.names)
        self._robot = self._protocol.scaled(tasks.pixels)
        self._open(0)
        self.columns = self._task_env.columns

    def begin(self, seed: int) -> tuple[str, Mapping[str, bool]]:
        """Open the seed's task if another was open, and start its scene."""
        scene, number = divmod(seed, len(self._tasks))
        self._protocol.check(scene, self._look)
        if number != self._number:
            self.env.close()
            self._open(number)
        instruction = self.env.reset(scene)
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

    def _open(self, number: int) -> None:
        task = self._tasks[number]
        self._number = number
        self.time_limit_s = task.ticks * self._robot.dt
        self._task_env = benchmark.open_env(self._name, task.name, self._robot, self._look)
        self.env: Env = self._task_env
