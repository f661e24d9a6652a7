"""The whole check: what a dataset is, what is odd in it, what cannot be right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xr0.data.check.findings import Findings
from xr0.data.check.fit import check_dims, check_episodes, check_robot
from xr0.data.check.match import check_match, delays
from xr0.data.check.numbers import check_numbers
from xr0.data.check.survey import Survey
from xr0.data.check.videos import check_videos
from xr0_robot.types import Embodiment

TASKS_SHOWN = 5
"""Sentences of a dataset that are printed."""


@dataclass(frozen=True)
class Report:
    """Lines for people. The dataset is refused if there are errors."""

    facts: tuple[str, ...]
    warnings: tuple[str, ...]
    errors: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether it can be trained on."""
        return not self.errors


def check(seen: Survey, robot: Embodiment) -> Report:
    """Of a surveyed dataset, as the recording of this robot; all problems, not the first alone."""
    findings = Findings()
    check_episodes(seen, findings)
    check_robot(seen.dataset, robot, findings)
    seen.pace.check(findings)
    fits = check_dims(seen, robot, findings)
    if fits:
        check_numbers(seen, robot, findings)
        check_match(seen, robot, findings)
    check_videos(seen, findings)
    facts = (*_facts(seen), *(_delay_facts(seen, robot) if fits else ()))
    return Report(facts, tuple(findings.warnings), tuple(findings.errors))


def _facts(seen: Survey) -> list[str]:
    dataset = seen.dataset
    lengths = np.array([episode.length for episode in dataset.episodes])
    cameras = [f"{name} {size[0]} x {size[1]}" for name, size in _sizes(seen).items()]
    shown = [repr(task) for task in dataset.tasks[:TASKS_SHOWN]]
    more = len(dataset.tasks) - len(shown)
    return [
        f"LeRobot {dataset.version}, robot {dataset.robot_type or 'not named'}, {dataset.fps:g} Hz",
        f"{len(lengths)} episodes of {lengths.min()} to {lengths.max()} frames, {lengths.sum()} in all, "
        f"{lengths.sum() / dataset.fps / 3600:.2f} hours",
        f"state {len(seen.state.names)} numbers, action {len(seen.action.names)}",
        f"cameras: {', '.join(cameras) or 'none'}",
        f"{len(dataset.tasks)} task(s): {', '.join(shown)}{f' and {more} more' if more else ''}",
    ]


def _sizes(seen: Survey) -> dict[str, tuple[int, int]]:
    return {name: seen.dataset.features[name].image_size for name in seen.dataset.cameras}


def _delay_facts(seen: Survey, robot: Embodiment) -> list[str]:
    found = delays(seen, robot)
    if not found:
        return []
    dt_ms = 1000.0 / seen.dataset.fps
    parts = [f"{name} after {ticks:g} ticks ({ticks * dt_ms:.0f} ms)" for name, ticks in found.items()]
    return [f"the state follows the commands: {', '.join(parts)}"]
