"""Many robots, each with its own executor, in one process: what they ask is answered together.

The clock is virtual and the world never waits: an answer comes when its latency is over, counted from its
request. Only a latency of 0 freezes the world.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np

from xr0_robot.executor.inference import ROUNDING_S, Policy, Reply, Request
from xr0_robot.executor.jitter import Jitter
from xr0_robot.executor.latency import Delay
from xr0_robot.executor.loop import Executor
from xr0_robot.executor.safety import Safety
from xr0_robot.executor.strategy import Strategy
from xr0_robot.sims.seam.base import SeamWorld
from xr0_robot.types import Chunk


@runtime_checkable
class BatchPolicy(Policy, Protocol):
    """A policy that answers many requests at once."""

    def answer(self, requests: Sequence[Request]) -> list[Chunk]:
        """A chunk for each."""
        ...


@dataclass(frozen=True)
class Timing:
    """How long an inference takes: latency_s times what `jitter` draws from the request's seed; and how the
    executor estimates that."""

    latency_s: float
    jitter: Jitter
    delay: Delay


class Pool:
    """Requests that wait for one batch: until the first answer is due, which makes it as large as it can be.

    An answer depends on its own request alone, so when it is computed makes no difference.
    """

    def __init__(self, policy: BatchPolicy) -> None:
        self.policy = policy
        self._waiting: list[PooledInference] = []

    def add(self, inference: PooledInference) -> None:
        """It has a request."""
        self._waiting.append(inference)

    def answer(self, now_s: float) -> None:
        """All of them, if any is due."""
        if not any(inference.due(now_s) for inference in self._waiting):
            return
        asked = [(inference, inference.request) for inference in self._waiting]
        asked = [(inference, request) for inference, request in asked if request is not None]
        self._waiting = []
        if asked:
            chunks = self.policy.answer([request for _, request in asked])
            for (inference, _), chunk in zip(asked, chunks, strict=True):
                inference.chunk = chunk


class PooledInference:
    """`xr0_robot.executor.inference.Inference` of one robot of a pool."""

    def __init__(self, pool: Pool, timing: Timing) -> None:
        self.policy: Policy = pool.policy
        self._pool, self._timing = pool, timing
        self.request: Request | None = None
        self.chunk: Chunk | None = None
        self._latency_s = self._due_s = 0.0

    @property
    def busy(self) -> bool:
        """Whether a request is under way."""
        return self.request is not None

    def start(self, request: Request, now_s: float) -> None:
        """Wait for the batch, and for the latency."""
        if self.request is not None:
            raise RuntimeError("inference: a request is under way")
        self._latency_s = self._timing.latency_s * self._timing.jitter.factor(request.seed)
        self.request, self._due_s = request, now_s + self._latency_s
        self._pool.add(self)

    def due(self, now_s: float) -> bool:
        """Whether the reply's time has come."""
        return self.request is not None and now_s >= self._due_s - ROUNDING_S

    def poll(self, now_s: float) -> Reply | None:
        """The reply, once its time has come."""
        if self.request is None or self.chunk is None or not self.due(now_s):
            return None
        reply = Reply(self.request, self.chunk, self._latency_s)
        self.request = self.chunk = None
        return reply

    def cancel(self) -> None:
        """Forget it."""
        self.request = self.chunk = None

    def close(self) -> None:
        """Nothing to end."""


@dataclass(frozen=True)
class Trace:
    """An episode. commands [n, d], chunks [n] as in `metrics`; path [n, d]: what was measured of what is
    commanded; finish: the tick in which a success began that lasted, None without."""

    seed: int
    commands: np.ndarray
    chunks: np.ndarray
    path: np.ndarray
    visible: int
    finish: int | None


@dataclass
class _Robot:
    """One of many, and what it has done so far."""

    seed: int
    world: SeamWorld
    executor: Executor
    last: int
    commands: list[np.ndarray] = field(default_factory=list)
    chunks: list[int] = field(default_factory=list)
    path: list[np.ndarray] = field(default_factory=list)
    held: int = 0
    finish: int | None = None

    @property
    def over(self) -> bool:
        """Done, or out of time, or no way back."""
        return self.finish is not None or self.world.failed or len(self.commands) >= self.last

    def think(self, now_s: float) -> None:
        """The first half of a tick."""
        self.executor.think(now_s, lambda: self.world.observe(self.world.instruction, now_s))

    def act(self, now_s: float) -> None:
        """The second half, and the world's."""
        tick = self.executor.act(now_s)
        self.path.append(self.world.state()[: len(tick.command)])
        self.world.apply(tick.command)
        self.commands.append(tick.command)
        self.chunks.append(tick.chunk)
        self.held = self.held + 1 if self.world.success() else 0
        if self.held > self.world.settle:
            self.finish = len(self.commands) - self.held

    def trace(self) -> Trace:
        """All of it."""
        rows = np.stack(self.commands), np.array(self.chunks), np.stack(self.path)
        return Trace(self.seed, *rows, self.world.surprise_tick + 1, self.finish)


@dataclass(frozen=True)
class Run:
    """What is run: a world's type, a policy for it, a method, a timing."""

    task: type[SeamWorld]
    policy: BatchPolicy
    strategy: Strategy
    timing: Timing

    def episodes(self, seeds: Sequence[int]) -> list[Trace]:
        """To their ends."""
        return self._run(seeds, surprised=True, after=None)

    def twins(self, seeds: Sequence[int], after: int) -> list[Trace]:
        """The same without the surprise, until `after` ticks behind where it would be seen."""
        return self._run(seeds, surprised=False, after=after)

    def _run(self, seeds: Sequence[int], surprised: bool, after: int | None) -> list[Trace]:
        pool = Pool(self.policy)
        robots = [self._robot(pool, seed, surprised, after) for seed in seeds]
        going, tick = list(robots), 0
        while going:
            now_s = tick * robots[0].world.embodiment.dt
            pool.answer(now_s)
            for robot in going:
                robot.think(now_s)
            pool.answer(now_s)  # what was asked just now and takes no time
            for robot in going:
                robot.act(now_s)
            going = [robot for robot in going if not robot.over]
            tick += 1
        return [robot.trace() for robot in robots]

    def _robot(self, pool: Pool, seed: int, surprised: bool, after: int | None) -> _Robot:
        world = self.task(surprised)
        world.reset(seed)
        safety = Safety(world.embodiment, world.limits)
        inference = PooledInference(pool, self.timing)
        executor = Executor(inference, self.strategy, safety, world.state(), seed, delay=self.timing.delay)
        last = world.ticks if after is None else world.surprise_tick + 1 + after
        return _Robot(seed, world, executor, last)
