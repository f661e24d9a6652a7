"""How many brick robots one server keeps moving: the shipped policy, real executors at 30 Hz in real time.

The robots replay pictures and states that the simulator's expert was seen with, to and fro: rendering would
take the cores that are measured. So nothing is solved here; what counts is whether plans run out. All robots
are threads of this process, the server is another.

Usage: python -m load.bricks OUT.json [--robots N ...] [--seconds N]
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xr0.cli import launch
from xr0.cli.options import TINY
from xr0_robot import report
from xr0_robot.bench.execution import Execution
from xr0_robot.bench.rollout import Episode, EpisodeResult, rollout
from xr0_robot.client import Client
from xr0_robot.limits import Limits
from xr0_robot.sims.world import open_demonstrator, open_world
from xr0_robot.types import Embodiment, Observation

MOST_IDLE = 0.01
"""Share of ticks without a fresh command up to which robots count as kept moving."""

START_S = 4.0
"""In which robots come and the server learns what they need; idle ticks count from then on."""

RECORDED_SEED, RECORDED_TICKS = 900_000, 90
"""Of tuning: nothing is claimed about what is seen."""

EXECUTION = "graph"

BATCHES = (8, 1)
"""Robots that are answered together at most: as served, and one at a time."""


@dataclass(frozen=True)
class Tape:
    """What a robot sees, tick by tick."""

    embodiment: Embodiment
    limits: Limits
    frames: tuple[Observation, ...]


def record() -> Tape:
    """One episode of the scripted expert."""
    demonstrator = open_demonstrator("bricks")
    env = demonstrator.env
    task, _ = demonstrator.begin(RECORDED_SEED)
    frames = []
    for tick in range(RECORDED_TICKS):
        frames.append(env.observe(task, tick * env.embodiment.dt))
        env.apply(demonstrator.act())
    env.close()
    world = open_world("bricks", "trained")
    world.env.close()
    return Tape(env.embodiment, world.limits, tuple(frames))


class Replay:
    """A robot that sees a tape to and fro, whatever it is told. first: where it begins."""

    def __init__(self, tape: Tape, first: int) -> None:
        self.embodiment = tape.embodiment
        self._frames = [*tape.frames, *tape.frames[-2:0:-1]]
        self._tick = first

    def reset(self, seed: int, instruction: str | None = None) -> str:
        """The tape's sentence."""
        return self._now.instruction

    def observe(self, instruction: str, time_s: float) -> Observation:
        """The tape's pictures, as if they were of now."""
        return Observation(self._now.images, self._now.state, instruction, time_s)

    def state(self) -> np.ndarray:
        """The tape's."""
        return self._now.state.copy()

    def apply(self, action: np.ndarray) -> None:
        """A tick has passed."""
        self._tick += 1

    def stop(self) -> None:
        """It stands where the tape says."""

    def success(self) -> bool:
        """It goes on."""
        return False

    def close(self) -> None:
        """Nothing to free."""

    @property
    def _now(self) -> Observation:
        return self._frames[self._tick % len(self._frames)]


def run(url: str, tape: Tape, number: int, seconds: float) -> EpisodeResult:
    """One robot from its connection on."""
    settings = Execution("async", "wall")
    with Client(url) as policy:
        time.sleep(np.random.default_rng(number).uniform(0.0, 1 / 3))  # robots do not ask in step
        clock, inference = settings.timing(policy)
        try:
            return rollout(
                Replay(tape, number * 7),
                Episode(number),
                inference=inference,
                strategy=settings.strategy(),
                clock=clock,
                limits=tape.limits,
                time_limit_s=START_S + seconds,
            )
        finally:
            inference.close()


def measure(url: str, tape: Tape, robots: int, seconds: float) -> dict[str, Any]:
    """A row of the report, over what came behind the start."""
    with ThreadPoolExecutor(robots) as threads:
        running = [threads.submit(run, url, tape, number, seconds) for number in range(robots)]
        results = [each.result() for each in running]
    first = tape.embodiment.ticks(START_S)
    idle = [[tick.freshness == "idle" for tick in result.ticks[first:]] for result in results]
    latencies_s = np.array([each for result in results for each in result.latencies_s])
    shares = [float(np.mean(each)) if each else 1.0 for each in idle]
    return {
        "robots": robots,
        "idle_share": round(float(np.mean(shares)), 4),
        "most_idle": round(max(shares), 4),
        "chunks_per_s": round(len(latencies_s) / (START_S + seconds), 1),
        "latency_ms": dict(
            zip(("p50", "p99"), np.percentile(1e3 * latencies_s, [50, 99]).round(1), strict=True)
        ),
        "late_chunks": sum(result.late_chunks for result in results),
        "missed_ticks": sum(result.missed_ticks for result in results),
        "errors": [result.error for result in results if result.error],
    }


def fleets(options: Sequence[str], tape: Tape, counts: Sequence[int], seconds: float) -> dict[str, Any]:
    """Larger and larger ones, until one is not kept moving; kept_moving: the last that was, 0 for none."""
    rows: list[dict[str, Any]] = []
    most = 0
    with launch.server(TINY, options=options) as url:
        for robots in sorted(counts):
            rows.append(measure(url, tape, robots, seconds))
            print(*options, rows[-1], flush=True)
            if rows[-1]["idle_share"] > MOST_IDLE or rows[-1]["errors"]:
                break
            most = robots
    return {"kept_moving": most, "rows": rows}


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--robots", type=int, nargs="+", default=[2, 4, 6, 8, 10, 12, 14, 16])
    parser.add_argument("--seconds", type=float, default=10.0, help="of each fleet, behind its start")
    given = parser.parse_args()
    logging.disable(logging.WARNING)  # of robots that are told `not now`; the report counts them
    tape = record()
    found = {}
    for batch in BATCHES:
        options = ("--execution", EXECUTION, "--largest-batch", str(batch))
        found[batch] = fleets(options, tape, given.robots, given.seconds)
    stamp = {"code": report.code(), "machine": report.machine(), "versions": report.versions()}
    settings = {"seconds": given.seconds, "most_idle": MOST_IDLE, "execution": EXECUTION}
    report.write(given.out, {**settings, "largest_batch": found, **stamp, "date": report.now()})


if __name__ == "__main__":
    main()
