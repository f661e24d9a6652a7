"""The sources of each robot of a run, and their numbers in the model's space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from xr0.data.source import Source
from xr0.transform.actions import encode_actions, encode_state
from xr0_robot.types import Embodiment


def by_robot(sources: Sequence[Source]) -> Mapping[str, tuple[Source, ...]]:
    """Sources by the name of their robot.

    ValueError names both datasets where two robots have one name, or one has two horizons, and where the
    robots' model vectors differ in width: one model serves them all.
    """
    if not sources:
        raise ValueError("data: got no dataset, expected at least one")
    found: dict[str, tuple[Source, ...]] = {}
    for source in sources:
        robot = source.embodiment
        same = found.get(robot.name, ())
        for other in same:
            pair = f"datasets {other.dataset.root} and {source.dataset.root}"
            if other.embodiment != robot:
                raise ValueError(f"{pair} have two different robots of the name {robot.name}")
            if other.horizon != source.horizon:
                raise ValueError(
                    f"{pair} of robot {robot.name}: got horizons {other.horizon} and {source.horizon}"
                )
        if robot.model_dim != sources[0].embodiment.model_dim:
            raise ValueError(
                f"dataset {source.dataset.root}: robot {robot.name} has a model vector of {robot.model_dim} "
                f"numbers, {sources[0].embodiment.name} has {sources[0].embodiment.model_dim}"
            )
        found[robot.name] = (*same, source)
    return found


def encoded(state: np.ndarray, actions: np.ndarray, embodiment: Embodiment) -> tuple[np.ndarray, np.ndarray]:
    """Native state [n, s] and actions [n, t, native] in the model's space, float64 [n, s] and [n, t, d]."""
    sensed = state.astype(np.float64)
    return encode_state(sensed, embodiment), encode_actions(actions.astype(np.float64), sensed, embodiment)


def sizeless(embodiment: Embodiment) -> Embodiment:
    """The robot with cameras of any size: what is shown in training may be kept smaller than it was."""
    cameras = tuple(replace(camera, height=None, width=None) for camera in embodiment.cameras)
    return replace(embodiment, cameras=cameras)
