"""What a user points at, datasets and robots, as the samples of a run. Whatever does not go together is
refused before a weight is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from xr0.checkpoints.folder import Robot, read_json
from xr0.data.hub import locate
from xr0.data.robots import by_robot
from xr0.data.source import Source, read_embodiment
from xr0.data.summary import Summary
from xr0.recipes.settings import Fit, Given
from xr0.train.distributed import World
from xr0.transform.normalize import Stats
from xr0_robot.types import Embodiment

PLAUSIBLE = 100.0
"""Standard deviations within which the middle 98 % of each number must lie under a start's own statistics: a
tiny std of other data has blown losses up to 1e8."""


def open_sources(
    given: Given, horizon_s: float, here: World, extra: Sequence[str] = ()
) -> tuple[Source, ...]:
    """All datasets, with windows of `horizon_s`; ValueError or FileNotFoundError, one line, where one does
    not fit its robot or two do not go together. extra: further numeric features to have at hand.

    The first process writes what is cached, the others find it.
    """
    robots = [read_robot(path) for path in given.robot]
    robots = robots * len(given.data) if len(robots) == 1 else robots or [None] * len(given.data)
    found = []
    with here.first():
        for name, own in zip(given.data, robots, strict=True):
            root = locate(name)
            robot = own or read_embodiment(root)
            horizon = max(1, round(horizon_s * robot.rate_hz))
            found.append(Source.open(root, horizon, robot, given.held_out or None, extra))
    by_robot(found)
    return tuple(found)


def read_robot(path: Path) -> Embodiment:
    """An Embodiment from a JSON file."""
    return Embodiment.from_dict(read_json(path), str(path))


def statistics(
    fitted: Mapping[str, Summary], start: Mapping[str, Robot], choice: Fit | None
) -> dict[str, Stats]:
    """By which each robot's numbers are normalised: the data's, or those that the start has for that robot.

    A robot that the start does not know has the data's. Where the start has other statistics for a robot of
    this name, ValueError unless the choice is made: what the weights learnt is in the start's units."""
    return {name: _statistics(summary, start.get(name), choice) for name, summary in fitted.items()}


def _statistics(summary: Summary, known: Robot | None, choice: Fit | None) -> Stats:
    own, name = summary.stats, summary.robot.name
    if known is None:
        if choice == "checkpoint":
            raise ValueError(f"--stats checkpoint: the checkpoint has none for robot {name}")
        return own
    if known.stats.fingerprint == own.fingerprint or choice == "data":
        return own
    if choice is None:
        raise ValueError(
            f"robot {name}: the checkpoint was trained on data with statistics "
            f"{known.stats.fingerprint[:12]}, this data has {own.fingerprint[:12]}; say --stats data (fit "
            "anew) or --stats checkpoint (keep)"
        )
    _check_reuse(summary, known.stats)
    return known.stats


def _check_reuse(summary: Summary, kept: Stats) -> None:
    """ValueError where the kept statistics blow this data up, or are of other windows."""
    name, shape = summary.robot.name, summary.actions.mean.shape
    if kept.action_mean.shape != shape:
        raise ValueError(
            f"--stats checkpoint: its chunks of robot {name} have {kept.action_mean.shape} ticks and slots, "
            f"this data's {shape}"
        )
    for quantile in (summary.actions.q01, summary.actions.q99):
        far = np.abs(kept.normalize_actions(quantile))
        tick, slot = np.unravel_index(int(far.argmax()), shape)
        if far[tick, slot] > PLAUSIBLE:
            raise ValueError(
                f"--stats checkpoint: robot {name}, action slot {slot} lies {far[tick, slot]:.3g} standard "
                f"deviations from the checkpoint's mean, expected at most {PLAUSIBLE:g}; say --stats data"
            )


def check_titles(sources: Sequence[Source], known: Sequence[str]) -> None:
    """ValueError where a camera's title is none of those that the start was trained with, if any are
    known."""
    for camera in (camera for source in sources for camera in source.embodiment.cameras):
        if known and camera.title not in known:
            raise ValueError(
                f"camera {camera.key}: titled {camera.title!r}, the checkpoint knows "
                f"{', '.join(map(repr, known))}; give it one of these in the robot's file, or --new-titles"
            )
