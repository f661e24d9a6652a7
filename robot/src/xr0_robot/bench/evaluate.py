"""Many episodes under one set of settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from xr0_robot import report
from xr0_robot.bench import results
from xr0_robot.bench.rollout import Episode, EpisodeResult, Watcher, rollout
from xr0_robot.bench.worlds import World, open_world
from xr0_robot.executor.clock import Clock, VirtualClock, WallClock
from xr0_robot.executor.inference import Inference, Policy, ThreadedInference, VirtualInference
from xr0_robot.executor.strategy import Asynchronous, Strategy, Synchronous

EXECUTE_HORIZON = 10
"""Ticks of a chunk that are executed before the next one is asked for (facts: official client)."""


@dataclass(frozen=True)
class Settings:
    """How episodes are run; written to results as it is.

    latency_ms: by the virtual clock all that an inference takes, by the wall clock what is added to it;
    checkpoint: what the server says that it serves, so that results of two policies are never merged.
    """

    world: str = "bricks"
    mode: Literal["sync", "async"] = "async"
    clock: Literal["wall", "virtual"] = "virtual"
    latency_ms: float = 0.0
    execute_horizon: int = EXECUTE_HORIZON
    perturb: bool = False
    wrong_instruction: bool = False
    first_seed: int = 0
    task: str | None = None
    checkpoint: Mapping[str, Any] | None = None

    def strategy(self) -> Strategy:
        """When to think."""
        kind = {"sync": Synchronous, "async": Asynchronous}[self.mode]
        return kind(self.execute_horizon)

    def timing(self, policy: Policy) -> tuple[Clock, Inference]:
        """The clock, and an inference that keeps to it."""
        latency_s = self.latency_ms / 1e3
        if self.clock == "virtual":
            return VirtualClock(), VirtualInference(policy, latency_s)
        return WallClock(), ThreadedInference(policy, latency_s)


def run(
    policy: Policy, settings: Settings, episodes: int, watch: Watcher | None = None
) -> Iterator[EpisodeResult]:
    """Seeds first_seed, first_seed + 1, ...; stops after an episode that ended in an error."""
    world = open_world(settings.world, settings.perturb)
    clock, inference = settings.timing(policy)
    try:
        for seed in range(settings.first_seed, settings.first_seed + episodes):
            result = rollout(
                world.env,
                _episode(world, settings, seed),
                inference=inference,
                strategy=settings.strategy(),
                clock=clock,
                limits=world.limits,
                watch=watch,
            )
            yield result
            if result.error is not None:
                return
    finally:
        inference.close()
        world.env.close()


def evaluate(policy: Policy, settings: Settings, episodes: int, path: Path) -> dict[str, Any]:
    """Run, and write `path` after every episode, so that nothing is lost; returns what was written."""
    rows: list[dict[str, Any]] = []
    summary: dict[str, Any] = {}
    for result in run(policy, settings, episodes):
        rows.append(result.row())
        summary = results.summarize(rows, asdict(settings))
        report.write(path, summary)
    return summary


def _episode(world: World, settings: Settings, seed: int) -> Episode:
    spoken = world.mislead(seed) if settings.wrong_instruction else None
    return Episode(seed, instruction=settings.task, spoken=spoken)
