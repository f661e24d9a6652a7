"""Refinement episodes, many side by side: close, read, predict, open, move, close again.

The object is held fixed and the wrist moves, as in the paper's evaluation. The rules of the loop are
`xr0_robot.touch.sensor.decide`'s, the same that the robot follows. Two simulators fit behind `Physics`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from xr0.touch import randomise, task
from xr0.touch.observability import Observable, Probe
from xr0.touch.randomise import JOINT_NOISE_MM
from xr0.touch.sensor import Foundation, Grasps
from xr0.touch.task import Spread
from xr0_robot.touch.sensor import electronics
from xr0_robot.touch.sensor.decide import Limits, Refinement
from xr0_robot.touch.sensor.electronics import Electronics
from xr0_robot.touch.sensor.increment import VECTOR, increment, moved, to_matrix, to_vector
from xr0_robot.touch.sensor.shapes import Shape

MOVE_NOISE = np.array([0.05, 0.05, 0.05, *np.deg2rad([0.15, 0.15, 0.15])])
"""Of a wrist motion (spread; mm, rad): a good arm's repeatability (facts/tactile.md 2.3)."""

ROUNDS = 40
"""Draws of goals, and of starts, before an episode whose pads miss the object is left out."""


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


@runtime_checkable  # hints are checked in tests
class Physics(Protocol):
    """A simulator that holds one physical sensor for each of its episodes."""

    def grasp(
        self, episodes: np.ndarray, shapes: Sequence[Shape], poses: np.ndarray, force_n: np.ndarray
    ) -> Grasps:
        """Close the sensors of some episodes [n] on shapes at poses [n, 4, 4], force_n [n] on each pad."""
        ...


class FoundationPhysics:
    """Generator 1, one skin for each seed."""

    def __init__(self, seeds: Sequence[int]) -> None:
        self._sensor = Foundation()
        self._fingers = len(self._sensor.hand)
        draws = [randomise.draw_skin(np.random.default_rng([seed, 2]), 1, self._fingers) for seed in seeds]
        names = vars(draws[0])
        self._skin = type(draws[0])(**{k: np.concatenate([getattr(d, k) for d in draws]) for k in names})
        self._rng = np.random.default_rng([*seeds[:1], 3])

    def grasp(
        self, episodes: np.ndarray, shapes: Sequence[Shape], poses: np.ndarray, force_n: np.ndarray
    ) -> Grasps:
        """Physics.grasp."""
        force = np.repeat(force_n[:, None], self._fingers, axis=1)
        return self._sensor.grasp(shapes, poses, force, self._skin.take(episodes), self._rng)


@dataclass(frozen=True)
class Scene:
    """b episodes before anybody moves: shapes, goal and start poses [b, 4, 4], mean grip force [b] in N, what
    can be told about each goal, and each one's read-out."""

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


@dataclass(frozen=True)
class Trace:
    """What happened. errors: [b, steps + 1, 6], the observable part of the increment that was left after k
    moves (mm, rad); moves: [b]; verdicts: why each ended; asked: the [n] (episode, step) pairs at which the
    method was asked, with what it said and what was true: predicted, sigma, true [n, 6]."""

    errors: np.ndarray
    moves: np.ndarray
    verdicts: tuple[str, ...]
    asked: np.ndarray
    predicted: np.ndarray
    sigma: np.ndarray
    true: np.ndarray


def scene(seeds: Sequence[int], shapes: Sequence[Shape], goal: Spread, start: Spread) -> Scene:
    """Draw an episode for each seed and its shape; those that cannot be held at both poses are left out."""
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
        self._asked: list[tuple[np.ndarray, ...]] = []

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
            self._asked.append((np.column_stack([active, np.full(len(active), step)]), w, sigma, true))
            active = self._move(active, w, sigma)
            if step < self._limits.steps:
                errors.append(self._errors())
        errors += [errors[-1]] * (self._limits.steps + 1 - len(errors))
        return Trace(
            np.stack(errors, axis=1),
            self._moves,
            tuple(self._verdicts),
            *map(np.concatenate, zip(*self._asked, strict=True)),
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


def _episode(
    seed: int, shape: Shape, goal: Spread, start: Spread
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Goal and start pose and the grip force of a seed, at which a nominal pad pair holds the shape; or
    None."""
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
