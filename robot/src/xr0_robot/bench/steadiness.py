"""How evenly the control loop sends commands while inference and rendering keep every core busy.

The real loop by the wall clock, with a robot without physics: what is measured is the loop, the operating
system and what they compete with.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from xr0_robot import report
from xr0_robot.bench.rollout import Advance, Episode, rollout
from xr0_robot.executor.clock import WallClock
from xr0_robot.executor.inference import ThreadedInference
from xr0_robot.executor.loop import Executor
from xr0_robot.executor.methods import Prefix
from xr0_robot.executor.priority import real_time
from xr0_robot.executor.tick import Tick
from xr0_robot.limits import Limits, PoseLimit
from xr0_robot.robots.mock import LIMITS, MOCK, MockEnv, MockPolicy
from xr0_robot.types import Chunk, Observation

THINK_S = 0.08
"""Of computing in the loop's own process, chunk after chunk: a model that shares it, or pictures to pack."""
MATRIX = 256
PICTURE = 1024
"""Sides of what inference multiplies and of what rendering fills."""

POSE = PoseLimit(
    (0.15, -0.35, 0.005), (0.78, 0.35, 0.45), 1.0, 4.0, acceleration_m_s2=5.0, turn_acceleration_rad_s2=20.0
)
ALL_LIMITS: Limits = {**LIMITS, "arm.pose": POSE}
"""Every limit there is, so that none of their cost is left out."""


class _Timed(MockEnv):
    """When each command arrives."""

    def __init__(self, rate_hz: float) -> None:
        self.embodiment = replace(MOCK, rate_hz=rate_hz)
        self.sent_s: list[float] = []
        super().__init__()

    def apply(self, action: np.ndarray) -> None:
        self.sent_s.append(time.monotonic())
        super().apply(action)

    def success(self) -> bool:
        """It goes on."""
        if len(self.sent_s) % 100 == 0:  # another mark, so that it keeps moving
            self.mark = np.random.default_rng(len(self.sent_s)).uniform([0.3, -0.2, 0.05], [0.6, 0.2, 0.3])
        return False


class _Thinking(MockPolicy):
    """Computes for THINK_S before it answers."""

    def __init__(self, env: _Timed) -> None:
        super().__init__(env)
        self.embodiment = env.embodiment

    def infer(self, observation: Observation, prefix: np.ndarray | None, seed: int | None) -> Chunk:
        end_s, matrix = time.monotonic() + THINK_S, np.ones((MATRIX, MATRIX), np.float32)
        while time.monotonic() < end_s:
            matrix = np.tanh(matrix @ matrix / MATRIX)
        return super().infer(observation, prefix, seed)


def measure(rate_hz: float, seconds: float, burners: int, first: bool) -> dict[str, Any]:
    """Jitter: how far the time between two commands is from a tick [ms]; missed: whole ticks that a late one
    cost; decide: what a tick of the loop computes, by its thread's own clock [ms].

    burners: processes beside it, in turn like inference and like rendering; first: whether the loop's thread
    asks for real-time priority.
    """
    env = _Timed(rate_hz)
    spent_s: list[float] = []

    def timed(executor: Executor) -> Advance:
        def advance(now_s: float, observe: Callable[[], Observation]) -> Tick:
            start_s = time.thread_time()
            tick = executor.tick(now_s, observe)
            spent_s.append(time.thread_time() - start_s)
            return tick

        return advance

    inference = ThreadedInference(_Thinking(env))
    with _burning(burners):
        first = first and real_time()
        result = rollout(
            env,
            Episode(0),
            inference=inference,
            strategy=Prefix(10),
            clock=WallClock(),
            limits=ALL_LIMITS,
            time_limit_s=seconds,
            drive=timed,
        )
    inference.close()
    jitter_ms = np.abs(np.diff(env.sent_s) - env.embodiment.dt) * 1e3
    return {
        "rate_hz": rate_hz,
        "seconds": seconds,
        "burners": burners,
        "real_time_priority": first,
        "ticks": len(result.ticks),
        "missed_ticks": result.missed_ticks,
        "idle_ticks": result.idle_ticks,
        "jitter_ms": _spread(jitter_ms),
        "decide_ms": _spread(np.array(spent_s) * 1e3),
        "latency_ms": _spread(np.array(result.latencies_s) * 1e3),
        "error": result.error,
        "code": report.code(),
        "machine": report.machine(),
        "versions": report.versions(),
        "date": report.now(),
    }


def _spread(values: np.ndarray) -> dict[str, float | None]:
    if len(values) == 0:
        return {"p50": None, "p99": None, "max": None}
    found = np.percentile(values, [50, 99, 100])
    return {name: round(float(value), 3) for name, value in zip(("p50", "p99", "max"), found, strict=True)}


@contextmanager
def _burning(count: int) -> Iterator[None]:
    """Processes that do nothing but compute; they end with this one."""
    context = multiprocessing.get_context("spawn")
    work = [_multiply, _fill]
    burners = [context.Process(target=work[k % 2], daemon=True) for k in range(count)]
    for burner in burners:
        burner.start()
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.join()


def _multiply() -> None:
    """As inference does."""
    matrix = np.ones((MATRIX, MATRIX), np.float32)
    while True:
        matrix = np.tanh(matrix @ matrix / MATRIX)


def _fill() -> None:
    """As rendering does: memory rather than arithmetic."""
    rng = np.random.default_rng(0)
    depth, picture = np.zeros((PICTURE, PICTURE)), np.zeros((PICTURE, PICTURE, 3), np.uint8)
    while True:
        near = rng.random((PICTURE, PICTURE))
        picture[near > depth] = 200
        depth = np.maximum(depth * 0.9, near)
