"""The `replay` subcommand: computes a flight recorder's log anew, and draws it."""

from __future__ import annotations

import logging
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xr0_robot.flight.log import Flight


def add_arguments(parser: ArgumentParser) -> None:
    """Its command line."""
    parser.add_argument("log", type=Path, help="folder of a flight recorder, or one segment of it")
    parser.add_argument("--out", type=Path, default=Path("out/replay"), help="folder for the timelines")
    parser.add_argument("--episode", type=int, default=None, help="only this one, by its number in the log")
    parser.add_argument(
        "--window",
        type=float,
        nargs=2,
        metavar=("FROM", "TO"),
        help="seconds of each episode to draw (the last 60)",
    )
    parser.add_argument("--rerun", action="store_true", help="also write .rrd files for the rerun viewer")


def run(arguments: Namespace) -> int:
    """Replay each episode, say how it went, draw it; returns 1 if a command came out differently."""
    from xr0_robot.bench import rerun_log
    from xr0_robot.flight import log

    if arguments.rerun:
        rerun_log.load()  # a long log is not read for an export that cannot be
    equal, seen = True, 0
    with _quiet():
        for flight in log.read(arguments.log):
            if arguments.episode in (None, flight.number):
                equal = _episode(flight, arguments) and equal
                seen += 1
    if seen == 0:
        wanted = "whole header" if arguments.episode is None else f"episode {arguments.episode}"
        raise ValueError(f"{arguments.log}: has no {wanted}")
    return 0 if equal else 1


@contextmanager
def _quiet() -> Iterator[None]:
    """The executor would warn of what is long past."""
    logger = logging.getLogger("xr0_robot.executor")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _episode(flight: Flight, arguments: Namespace) -> bool:
    from xr0_robot.bench import timeline
    from xr0_robot.flight.replay import replay
    from xr0_robot.flight.story import tell

    outcome, story = replay(flight), tell(flight)
    name = f"episode-{flight.number:06d}"
    for note in flight.notes:
        print(f"{name}: {note}")
    last = outcome.first + outcome.ticks - 1
    print(f"{name}: {flight.setup.embodiment.name}, seed {flight.setup.seed}; {outcome.end}")
    print(f"{name}: requests {_counts(story.fates())}; interventions {_counts(story.interventions())}")
    if outcome.difference is None:
        print(f"{name}: ticks {outcome.first} to {last} come out bit for bit")
    else:
        print(f"{name}: NOT reproduced: {outcome.difference}")
    if story.ticks:
        path = arguments.out / f"{name}.png"
        timeline.save(story, path, f"{flight.setup.embodiment.name}, {name}", arguments.window)
        print(f"{name}: {path}")
    if arguments.rerun:
        from xr0_robot.bench import rerun_log

        path = arguments.out / f"{name}.rrd"
        rerun_log.save(story, path)
        print(f"{name}: {path}")
    return outcome.difference is None


def _counts(found: Mapping[Any, int]) -> str:
    return ", ".join(f"{key} {count}" for key, count in found.items()) or "none"
