"""Refinement episodes, many side by side: close, read, predict, open, move, close again.

The object is held fixed and the wrist moves, as in TacRefineNet's evaluation (arXiv 2509.25746). The rules of
the loop are `xr0_robot.touch.sensor.decide`'s, the same that the robot follows. Either simulator fits behind
`Physics`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from xr0.touch import randomise, task
from xr0.touch.physics import Physics
from xr0.touch.randomise import JOINT_NOISE_MM
from xr0.touch.scene import Scene
from xr0_robot.touch.sensor import electronics
from xr0_robot.touch.sensor.decide import Limits, Refinement
from xr0_robot.touch.sensor.increment import VECTOR, increment, moved, to_matrix, to_vector
from xr0_robot.touch.sensor.shapes import Shape

MOVE_NOISE = np.array([0.05, 0.05, 0.05, *np.deg2rad([0.15, 0.15, 0.15])])
"""Of a wrist motion (spread; mm, rad): about the repeatability of a small industrial arm."""


@dataclass(frozen=True)
class Reading:
    """What a method may look at, for b episodes: images uint8 [b, f, 11, 9], joints float [b, j] in mm."""

    images: np.ndarray
    joints: np.ndarray

    def take(self, index: np.ndarray) -> Reading:
        """Some of the episodes."""
        return Reading(self.images[index], self.joints[index])


Method = Callable[[Reading, Reading, Sequence[Shape]], tuple[np.ndarray, np.ndarray]]
"""(current, goal, shapes) to increments and their standard deviations, both [b, 6] (mm, rad). Only a bound
may look at the shapes."""


@dataclass(frozen=True)
class Trace:
    """What happened in b episodes.

    errors: [b, steps + 1, 6], the observable part of the increment that was left after k moves (mm, rad);
    moves: [b]; verdicts: why each ended. Of the n predictions that were made: queries int [n, 2], the episode
    and step of each; predicted, sigma, true [n, 6], the increment, its standard deviations and the truth.
    """

    errors: np.ndarray
    moves: np.ndarray
    verdicts: tuple[str, ...]
    queries: np.ndarray
    predicted: np.ndarray
    sigma: np.ndarray
    true: np.ndarray


def run(world: Scene, physics: Physics, method: Method, limits: Limits, seed: int) -> Trace:
    """Refine every object of a scene with a method."""
    return _Episodes(world, physics, limits, np.random.default_rng([seed, 5])).run(method)


class _Episodes:
    """The state of a scene's episodes while they run."""

    def __init__(self, world: Scene, physics: Physics, limits: Limits, rng: np.random.Generator) -> None:
        self._world, self._physics, self._limits, self._rng = world, physics, limits, rng
        b = len(world.shapes)
        self._poses = world.starts.copy()
        self._rules = [Refinement(limits) for _ in range(b)]
        self._verdicts = [""] * b
        self._moves = np.zeros(b, int)
        self._before = np.zeros_like(world.sensors.gain)
        self._queries: list[tuple[np.ndarray, ...]] = []

    def run(self, method: Method) -> Trace:
        """Grasp the goal once, then refine until every episode has a verdict."""
        active = np.arange(len(self._world.shapes))
        goal, _ = self._read(active, self._world.goals)
        errors = [self._errors()]
        for step in range(self._limits.steps + 1):
            current, touched = self._read(active, self._poses)
            self._end(active[~touched], "no contact")
            active, current = active[touched], current.take(touched)
            if not len(active):
                break
            w, sigma = method(current, goal.take(active), [self._world.shapes[k] for k in active])
            true = to_vector(increment(self._poses[active], self._world.goals[active]))
            self._queries.append((np.column_stack([active, np.full(len(active), step)]), w, sigma, true))
            active = self._move(active, w, sigma)
            if step < self._limits.steps:
                errors.append(self._errors())
        errors += [errors[-1]] * (self._limits.steps + 1 - len(errors))
        return Trace(
            np.stack(errors, axis=1),
            self._moves,
            tuple(self._verdicts),
            *map(np.concatenate, zip(*self._queries, strict=True)),
        )

    def _read(self, episodes: np.ndarray, poses: np.ndarray) -> tuple[Reading, np.ndarray]:
        """Close on the objects and read the pads; also which of them hold something."""
        change = np.exp(self._rng.normal(0.0, randomise.FORCE_CHANGE, len(episodes)))
        force_n = self._world.force_n[episodes] * change
        shapes = [self._world.shapes[k] for k in episodes]
        grasps = self._physics.grasp(episodes, shapes, poses[episodes], force_n)
        images = electronics.read(
            grasps.forces, self._before[episodes], self._world.sensors.take(episodes), self._rng
        )
        self._before[episodes] = grasps.forces
        joints = grasps.joints + JOINT_NOISE_MM * self._rng.standard_normal(grasps.joints.shape)
        return Reading(images, joints), task.in_contact(grasps.forces)

    def _move(self, active: np.ndarray, w: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        """Follow the rules' decisions; returns the episodes that go on."""
        going = []
        for k, predicted, unsure in zip(active, w, sigma, strict=True):
            decision = self._rules[k].decide(predicted, unsure)
            if decision.verdict != "move":
                self._verdicts[k] = decision.verdict
                continue
            off = to_matrix(MOVE_NOISE * self._rng.standard_normal(VECTOR))
            self._poses[k] = moved(self._poses[k], to_matrix(decision.step) @ off)
            self._moves[k] += 1
            going.append(k)
        return np.array(going, int)

    def _end(self, episodes: np.ndarray, verdict: str) -> None:
        for k in episodes:
            self._verdicts[k] = verdict

    def _errors(self) -> np.ndarray:
        return self._world.observable.part(to_vector(increment(self._poses, self._world.goals)))
