"""Published benchmarks: many tasks, each an Env, scored by one protocol.

A benchmark is a folder `sims/<name>/` and an entry in `xr0_robot.worlds.BENCHMARKS`, or in `PUBLISHED` where
it is the published protocol of a world. Its module `protocol` holds `PROTOCOL`, data that needs no simulator;
`env` has `open_env(task, robot, look)`; `expert` has `begin(env)`, which returns what acts in the episode
that was just reset.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, Protocol

import numpy as np

from xr0_robot import worlds
from xr0_robot.env import Env
from xr0_robot.limits import Limits
from xr0_robot.sims.pieces import Account
from xr0_robot.types import Camera, Embodiment

Act = Callable[[], np.ndarray]
"""A scripted expert at work: the command [native_dim] for this tick, from all that the simulator knows."""


class TaskEnv(Env, Protocol):
    """A task's Env, and what its simulator knows of the scene.

    columns: further numbers of each recorded frame, feature to their names; empty where there are none.
    """

    columns: Mapping[str, Sequence[str]]

    def numbers(self) -> Mapping[str, np.ndarray]:
        """The values of `columns` now."""
        ...


class ChainEnv(TaskEnv, Protocol):
    """The Env of a benchmark whose episodes have several legs."""

    def go_on(self) -> str:
        """The next leg, in the scene as the last one left it: its sentence, which is now what is scored."""
        ...


class PieceEnv(TaskEnv, Protocol):
    """The Env of a benchmark whose episodes are made of many pieces."""

    def account(self) -> Account:
        """What has come of them so far."""
        ...


@dataclass(frozen=True)
class Task:
    """One of a benchmark's tasks. ticks: an episode, or a leg of one, that is not done by then has failed."""

    name: str
    group: str
    ticks: int


@dataclass(frozen=True)
class Benchmark:
    """How a benchmark is run and scored.

    robot: as the published policies' interface has it; its cameras may leave their size open. pixels: height
    and width of each camera's official pictures. groups: of the published table, in its order; tasks of
    other groups, and the named `sets` of tasks, are run where asked for. episodes: of each task, on seeds
    from `first_seed` on; seeds: the last of them that there is, plus one. settle_s: success counts once it
    has lasted so long. execute_horizon: ticks of a chunk that are executed. first_demo: first scene of
    demonstrations; none of them is scored. looks: how pictures may be drawn, in words. legs: sentences of an
    episode, each told once the last is done. pieces: what is counted one by one in an episode, in a word;
    empty where nothing is.
    """

    robot: Embodiment
    limits: Limits
    tasks: tuple[Task, ...]
    groups: tuple[str, ...]
    sets: Mapping[str, tuple[str, ...]]
    pixels: Mapping[str, tuple[int, int]]
    episodes: int
    first_seed: int
    execute_horizon: int
    looks: Mapping[str, str]
    seeds: int = 2**31
    first_demo: int = 0
    settle_s: float = 0.0
    legs: int = 1
    pieces: str = ""

    def select(self, names: Sequence[str]) -> tuple[Task, ...]:
        """The tasks of these names (tasks, groups, sets), in the benchmark's order; those of `groups` where
        none is given. ValueError names what there is."""
        wanted = set(names or self.groups)
        kinds = {task.group for task in self.tasks} | set(self.sets)
        for name in sorted(wanted - kinds - {task.name for task in self.tasks}):
            groups = ", ".join([*dict.fromkeys(task.group for task in self.tasks), *self.sets])
            raise ValueError(f"tasks: got {name!r}, expected tasks of {self.robot.name}, or {groups}")
        wanted |= {name for chosen in wanted & set(self.sets) for name in self.sets[chosen]}
        return tuple(task for task in self.tasks if wanted & {task.name, task.group})

    def task(self, name: str) -> Task:
        """The task of that name; ValueError if there is none."""
        found = [task for task in self.tasks if task.name == name]
        if not found:
            raise ValueError(f"task: got {name!r}, expected a task of {self.robot.name}")
        return found[0]

    def check(self, seed: int, look: str) -> None:
        """ValueError for a seed or a look that there is not."""
        if not 0 <= seed < self.seeds:
            raise ValueError(f"seed: got {seed}, expected 0 to {self.seeds - 1} for {self.robot.name}")
        if look not in self.looks:
            raise ValueError(f"look: got {look!r}, expected one of {', '.join(self.looks)}")

    def sized(self, height: int, width: int) -> Embodiment:
        """The robot, with all cameras of this size."""
        cameras = tuple(replace(camera, height=height, width=width) for camera in self.robot.cameras)
        return replace(self.robot, cameras=cameras)

    def size(self, camera: Camera) -> tuple[int, int]:
        """Height and width [px] of its pictures; the official ones where any will do."""
        height, width = self.pixels[camera.key]
        return camera.height or height, camera.width or width

    def scaled(self, height: int | None) -> Embodiment:
        """The robot with pictures of this height, as wide as they officially are in proportion; None: the
        official ones."""

        def sized(camera: Camera) -> Camera:
            official, width = self.pixels[camera.key]
            return replace(
                camera, height=height or official, width=round(width * (height or official) / official)
            )

        return replace(self.robot, cameras=tuple(map(sized, self.robot.cameras)))

    def robot_for(self, policy: Embodiment) -> Embodiment:
        """The robot with the pictures that a policy was made for. A policy for another robot is not refused
        here: the episode loop says what differs."""
        sizes = {camera.key: (camera.height, camera.width) for camera in policy.cameras}

        def fitted(camera: Camera) -> Camera:
            height, width = sizes.get(camera.key, (camera.height, camera.width))
            return replace(camera, height=height, width=width)

        return replace(self.robot, cameras=tuple(map(fitted, self.robot.cameras)))


def open_protocol(name: str) -> Benchmark:
    """The protocol of one of `xr0_robot.worlds.BENCHMARKS` or `PUBLISHED`, without its simulator; ValueError
    for another."""
    known = (*worlds.BENCHMARKS, *worlds.PUBLISHED.values())
    if name not in known:
        raise ValueError(f"benchmark: got {name!r}, expected one of {', '.join(known)}")
    return import_module(f"xr0_robot.sims.{name}.protocol").PROTOCOL


def open_env(name: str, task: str, robot: Embodiment, look: str) -> TaskEnv:
    """The Env of a task; RuntimeError, with the command that mends it, where the simulator is missing."""
    return _module(name, "env").open_env(open_protocol(name).task(task), robot, look)


def begin(name: str, env: TaskEnv) -> Act:
    """The task's scripted expert, in an episode that was just reset."""
    return _module(name, "expert").begin(env)


def _module(name: str, part: str) -> Any:
    """Imported late: only a simulator's own environment has it."""
    open_protocol(name)
    try:
        return import_module(f"xr0_robot.sims.{name}.{part}")
    except ModuleNotFoundError as error:
        raise RuntimeError(f"benchmark {name}: {error}; make its environment: runs/sims/{name}.sh") from error
