"""Whether a dataset and a robot are of one another: numbers, rate, cameras, episodes and their sentences."""

from __future__ import annotations

from xr0.data.check.findings import Findings
from xr0.data.check.survey import Survey
from xr0.data.lerobot import LeRobotDataset
from xr0.data.source import RATE_TOLERANCE_HZ, feature_of
from xr0_robot.types import Embodiment

FEWEST_EPISODES = 2
"""One is held out of training."""


def check_robot(dataset: LeRobotDataset, robot: Embodiment, findings: Findings) -> None:
    """Errors where the robot is another than the one that recorded the dataset."""
    if abs(dataset.fps - robot.rate_hz) > RATE_TOLERANCE_HZ:
        findings.errors.append(f"rate: the dataset has {dataset.fps:g} Hz, {robot.name} {robot.rate_hz:g} Hz")
    unused = set(dataset.cameras)
    for camera in robot.cameras:
        try:
            feature = feature_of(dataset, camera.key)
        except ValueError as error:
            findings.errors.append(str(error))
            continue
        unused.discard(feature)
        height, width = dataset.features[feature].image_size
        if camera.height not in (None, height) or camera.width not in (None, width):
            findings.errors.append(
                f"camera {camera.key!r}: {robot.name} says {camera.height} x {camera.width} px, the dataset "
                f"{height} x {width}"
            )
    findings.warnings += [f"camera {name}: the robot does not use it" for name in sorted(unused)]


def check_dims(seen: Survey, robot: Embodiment, findings: Findings) -> bool:
    """Whether there are as many numbers as the robot has; an error if not, and then there is no more to
    say."""
    sides = (("state", seen.state, robot.state_dim), ("action", seen.action, robot.native_dim))
    wrong = [
        f"{name}: the dataset has {len(values.names)} numbers, {robot.name} {expected}"
        for name, values, expected in sides
        if len(values.names) != expected
    ]
    findings.errors += wrong
    return not wrong


def check_episodes(seen: Survey, findings: Findings) -> None:
    """Errors for too few episodes, empty ones, and sentences that are missing."""
    dataset = seen.dataset
    findings.errors += seen.unreadable
    if len(dataset.episodes) < FEWEST_EPISODES:
        findings.errors.append(
            f"episodes: got {len(dataset.episodes)}, expected {FEWEST_EPISODES} or more: one is held out"
        )
    empty = [episode.index for episode in dataset.episodes if episode.length == 0]
    if empty:
        findings.errors.append(f"episodes without frames: {len(empty)}, the first is {empty[0]}")
    for k, task in enumerate(dataset.tasks):
        if not task.strip():
            findings.errors.append(f"task {k}: its sentence is empty")
        elif not seen.task_seen[k] and not seen.unreadable:
            findings.warnings.append(f"task {k} {task!r}: no frame has it")
    if seen.strange_tasks:
        findings.errors.append(
            f"task indices: got {sorted(seen.strange_tasks)}, there are {len(dataset.tasks)} tasks"
        )
