"""Episodes before the first move: which object, how it should lie in the hand, how it lies, which sensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xr0.touch import randomise, task
from xr0.touch.foundation import Foundation
from xr0.touch.observability import Observable, Probe
from xr0.touch.task import Spread
from xr0_robot.touch.sensor import electronics
from xr0_robot.touch.sensor.electronics import Electronics
from xr0_robot.touch.sensor.increment import VECTOR, to_matrix
from xr0_robot.touch.sensor.shapes import Shape

ROUNDS = 40
"""Draws of goals, and of starts, before an episode whose pads miss the object is left out."""


@dataclass(frozen=True)
class Scene:
    """b episodes before the first move.

    shapes [b]; goals, starts: poses of the object in the gripper's frame [b, 4, 4]; force_n: mean grip force
    [b]; observable: which motions touch can tell at each goal; sensors: the electronics of each episode.
    """

    seeds: tuple[int, ...]
    shapes: tuple[Shape, ...]
    goals: np.ndarray
    starts: np.ndarray
    force_n: np.ndarray
    observable: Observable
    sensors: Electronics

    def first(self, count: int) -> Scene:
        """Its first episodes."""
        few = np.arange(min(count, len(self.shapes)))
        seen = Observable(self.observable.projector[few], self.observable.dropped[few])
        return Scene(
            self.seeds[:count],
            self.shapes[:count],
            self.goals[few],
            self.starts[few],
            self.force_n[few],
            seen,
            self.sensors.take(few),
        )


def draw(seeds: Sequence[int], shapes: Sequence[Shape], goal: Spread, start: Spread) -> Scene:
    """An episode for each seed and its shape; those that cannot be held at both poses are left out.

    ValueError if that leaves none.
    """
    drawn = [_episode(seed, shape, goal, start) for seed, shape in zip(seeds, shapes, strict=True)]
    kept = [k for k, episode in enumerate(drawn) if episode is not None]
    if not kept:
        raise ValueError(f"scene: got {len(shapes)} shapes, none of which both pads can hold")
    goals, starts, force_n = (
        np.stack(parts) for parts in zip(*(drawn[k] for k in kept if drawn[k]), strict=True)
    )
    held = tuple(shapes[k] for k in kept)
    draws = [electronics.draw(np.random.default_rng([seeds[k], 4]), 1, 2) for k in kept]
    sensors = Electronics(**{n: np.concatenate([getattr(d, n) for d in draws]) for n in vars(draws[0])})
    probe = Probe()
    parts = [probe.observable([shape], pose[None]) for shape, pose in zip(held, goals, strict=True)]
    observable = Observable(
        np.concatenate([p.projector for p in parts]), np.concatenate([p.dropped for p in parts])
    )
    return Scene(tuple(seeds[k] for k in kept), held, goals, starts, force_n, observable, sensors)


def _episode(
    seed: int, shape: Shape, goal: Spread, start: Spread
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Goal and start [4, 4] and grip force of a seed, at which nominal pads hold the shape; None if there is
    no such pair."""
    rng = np.random.default_rng([seed, 6])
    force_n = rng.uniform(*randomise.FORCE_N)
    sensor = Foundation(jitter=False)

    def held(pose: np.ndarray) -> bool:
        skin = randomise.nominal_skin(1, len(sensor.hand))
        grasps = sensor.grasp([shape], pose, np.full((1, len(sensor.hand)), force_n), skin, rng)
        return bool(task.in_contact(grasps.forces)[0])

    one = np.ones(VECTOR)
    goals = (to_matrix(goal.draw(rng, 1)) for _ in range(ROUNDS))
    at_goal = next((pose for pose in goals if held(pose)), None)
    if at_goal is None:
        return None
    starts = (task.starts(rng, at_goal, start, one) for _ in range(ROUNDS))
    at_start = next((pose for pose in starts if held(pose)), None)
    return None if at_start is None else (at_goal[0], at_start[0], np.array(force_n))
