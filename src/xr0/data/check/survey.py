"""One pass over a dataset's numbers: everything that a check or a draft of its robot wants to know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from xr0.data.check.follow import Following
from xr0.data.check.pace import Pace
from xr0.data.check.values import Values
from xr0.data.draft.names import numbers
from xr0.data.episode_table import Episode
from xr0.data.lerobot import LeRobotDataset
from xr0_robot.features import ACTION, STATE

TIME, TASK = "timestamp", "task_index"

CORRELATED_EPISODES = 200
"""Evenly spaced episodes of which correlations are taken."""

DRAWN_EPISODES, DRAWN_POINTS = 6, 400
"""Evenly spaced episodes that are kept to be drawn, with at most so many frames each."""


@dataclass(frozen=True)
class Track:
    """An episode to draw: time [n], state [n, s], action [n, a]."""

    episode: int
    time_s: np.ndarray
    state: np.ndarray
    action: np.ndarray


@dataclass(frozen=True)
class Survey:
    """What was seen. task_seen: which tasks any frame has; unreadable: a line for each file that is."""

    dataset: LeRobotDataset
    state: Values
    action: Values
    pace: Pace
    following: Following
    task_seen: np.ndarray
    strange_tasks: set[int] = field(default_factory=set)
    tracks: list[Track] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def survey(dataset: LeRobotDataset) -> Survey:
    """Read every number once, a file at a time; ValueError if there is no state or no action."""
    for name in (STATE, ACTION, TIME, TASK):
        if name not in dataset.features:
            raise ValueError(f"dataset {dataset.root}: no {name}, it has {sorted(dataset.features)}")
    state_values, action_values = (
        Values(name, numbers(dataset.features[name], short), dataset.frame_count)
        for name, short in ((STATE, "state"), (ACTION, "action"))
    )
    following = Following(len(action_values.names), len(state_values.names), dataset.fps)
    seen = Survey(
        dataset,
        state_values,
        action_values,
        Pace(dataset.fps),
        following,
        np.zeros(len(dataset.tasks), dtype=bool),
    )
    count = len(dataset.episodes)
    correlated, drawn = spread(count, CORRELATED_EPISODES), spread(count, DRAWN_EPISODES)
    for episode, columns in _episodes(seen):
        state, commands = columns[STATE].astype(np.float64), columns[ACTION].astype(np.float64)
        time_s = columns[TIME][:, 0].astype(np.float64)
        finite = state_values.add(episode.index, state) & action_values.add(episode.index, commands)
        seen.pace.add(episode.index, time_s)
        _add_tasks(seen, columns[TASK][:, 0])
        if finite.all() and episode.index in correlated:
            following.add(commands, state)
        if episode.index in drawn:
            every = -(-len(time_s) // DRAWN_POINTS)
            seen.tracks.append(Track(episode.index, time_s[::every], state[::every], commands[::every]))
    return seen


def spread(count: int, most: int) -> set[int]:
    """At most `most` numbers below `count`, evenly spaced, the first and the last among them."""
    return set(np.linspace(0, count - 1, min(count, most)).round().astype(int).tolist())


def _episodes(seen: Survey) -> Iterator[tuple[Episode, dict[str, np.ndarray]]]:
    """The numbers of each episode; a file that cannot be read is noted, the others go on."""
    dataset = seen.dataset
    files: dict[Path, list[int]] = {}
    for episode in dataset.episodes:
        files.setdefault(episode.data_path, []).append(episode.index)
    for indices in files.values():
        members = [dataset.episodes[index] for index in indices]
        try:
            columns = dataset.columns([STATE, ACTION, TIME, TASK], members)
        except (ValueError, OSError) as error:
            seen.unreadable.append(str(error))
        else:
            yield from ((e, part) for e, part in zip(members, columns, strict=True) if e.length > 0)


def _add_tasks(seen: Survey, task: np.ndarray) -> None:
    known = (task >= 0) & (task < len(seen.task_seen))
    seen.task_seen[np.unique(task[known])] = True
    seen.strange_tasks.update(np.unique(task[~known]).tolist())
