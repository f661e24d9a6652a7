"""Many episodes under one set of settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from xr0_robot import report
from xr0_robot.bench import results
from xr0_robot.bench.execution import Execution
from xr0_robot.bench.rollout import Episode, EpisodeResult, Watcher, rollout
from xr0_robot.executor.inference import Policy
from xr0_robot.flight.recorder import open_recorder
from xr0_robot.sims.world import World, open_world
from xr0_robot.worlds import DEFAULT, TRAINED

GIVE_UP = 3
"""So many episodes in a row that fail to run end an evaluation: the policy or the world is gone."""


@dataclass(frozen=True)
class Settings(Execution):
    """How episodes are run; written to results as it is.

    checkpoint: what the server says that it serves, so that results of two policies are never merged.
    """

    world: str = DEFAULT
    variant: str = TRAINED
    wrong_instruction: bool = False
    first_seed: int = 0
    episodes: int = 1
    task: str | None = None
    checkpoint: Mapping[str, Any] | None = None


def run(
    policy: Policy, settings: Settings, watch: Watcher | None = None, flight: Path | None = None
) -> Iterator[EpisodeResult]:
    """Seeds first_seed, first_seed + 1, ...; after GIVE_UP episodes in a row that failed to run, no more.

    flight: folder in which all that happens is recorded. ValueError, before anything moves, for a task of
    one's own that the world cannot score, or a mode that does not fit the policy or its robot.
    """
    settings.strategy().check(policy)
    recorder = None if flight is None else open_recorder(flight)
    world = open_world(settings.world, settings.variant)
    if settings.task is not None:
        world.fulfilled(settings.task)
    clock, inference = settings.timing(policy)
    broken = 0
    try:
        for seed in range(settings.first_seed, settings.first_seed + settings.episodes):
            result = rollout(
                world.env,
                _episode(world, settings, seed),
                inference=inference,
                strategy=settings.strategy(),
                clock=clock,
                limits=world.limits,
                time_limit_s=world.time_limit_s,
                settle_s=world.settle_s,
                watch=watch,
                observer=recorder,
            )
            if settings.wrong_instruction:
                result = replace(result, spoken_success=world.fulfilled(result.spoken))
            yield result
            broken = 0 if result.error is None else broken + 1
            if broken == GIVE_UP:
                return
    finally:
        inference.close()
        world.env.close()


def evaluate(policy: Policy, settings: Settings, path: Path, flight: Path | None = None) -> dict[str, Any]:
    """Run, and write `path` after every episode, so that nothing is lost; returns what was written."""
    rows: list[dict[str, Any]] = []
    summary: dict[str, Any] = {}
    for result in run(policy, settings, flight=flight):
        rows.append(result.row())
        summary = results.summarize(rows, asdict(settings))
        report.write(path, summary)
    return summary


def _episode(world: World, settings: Settings, seed: int) -> Episode:
    spoken = world.mislead(seed) if settings.wrong_instruction else None
    return Episode(seed, instruction=settings.task, spoken=spoken)
