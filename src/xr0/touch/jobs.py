"""An evaluation in slices that run in processes of their own: the network, and its baselines beside it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from xr0.touch import baselines, closed_loop, methods, scene, task
from xr0.touch.closed_loop import Method, Trace
from xr0.touch.groups import Group
from xr0.touch.model_based import FitOfTrueShape
from xr0.touch.physics import FoundationPhysics, Physics
from xr0.touch.predictor import Predictor
from xr0.touch.scene import Scene
from xr0.touch.scores import Outcome
from xr0.touch.sprung import sprung_physics
from xr0_robot.touch.sensor.decide import Limits
from xr0_robot.touch.sensor.shapes import USER, Shape

SLICE = 48
"""Episodes that run side by side; a slice is one job."""

SEED_BLOCKS = 3
"""Evaluation seeds: the episodes are split in so many blocks, each from a first seed of its own."""

BLOCK_APART = 100_000
"""From one block's first seed to the next."""

MODEL_BASED_EPISODES = 6
"""Of a slice that the model-based fit is run on: it renders hundreds of grasps for each."""

ONE_SHOT = Limits(steps=1, step_mm=10.0, step_deg=20.0)
"""A single move as long as all moves together may be."""


@dataclass(frozen=True)
class Networks:
    """Checkpoint folders: the network, and those of its comparisons that were trained."""

    refine: Path
    absolute: Path | None = None
    blind: Path | None = None
    vit: Path | None = None


@dataclass(frozen=True)
class Job:
    """A slice of one group. first_seed: of the block that it belongs to."""

    group: Group
    first_seed: int
    seeds: tuple[int, ...]
    shapes: tuple[Shape, ...]
    networks: Networks


def jobs_of(
    group: Group, episodes: int, first_seed: int, shapes: Sequence[Shape], networks: Networks
) -> list[Job]:
    """The episodes of a group in blocks of seeds, each block in slices; shapes: for a group of family
    "user"."""
    draw = {"seen": task.seen_shape, "held_out": task.held_out_shape, "reserved": task.reserved_shape}
    jobs, episodes = [], max(episodes // group.one_in, 1)
    for block in range(SEED_BLOCKS):
        count = episodes // SEED_BLOCKS + (block < episodes % SEED_BLOCKS)
        first = first_seed + block * BLOCK_APART
        for start in range(0, count, SLICE):
            seeds = tuple(range(first + start, first + min(start + SLICE, count)))
            if group.family == USER:
                own = tuple(replace(shapes[seed % len(shapes)]) for seed in seeds)
            else:
                own = tuple(draw[group.family](seed) for seed in seeds)
            jobs.append(Job(group, first, seeds, own, networks))
    return jobs


def run_job(job: Job) -> dict[str, Outcome]:
    """Every method on one slice, by name; the network is "network"."""
    torch.set_num_threads(1)
    world = scene.draw(job.seeds, job.shapes, job.group.goal, job.group.start)
    with _physics(job, world) as physics:
        runs = {
            name: _outcome(world, closed_loop.run(world, physics, method, limits, job.seeds[0]))
            for name, (method, limits) in _methods(job).items()
        }
        if job.group.compared:
            few = world.first(MODEL_BASED_EPISODES)
            fit = FitOfTrueShape(few.shapes, few.goals)
            trace = closed_loop.run(few, physics, fit, Limits(), job.seeds[0])
            runs["model_based_bound"] = _outcome(few, trace)
    return runs


def _methods(job: Job) -> dict[str, tuple[Method, Limits]]:
    predictor, limits = Predictor.from_pretrained(job.networks.refine), Limits()
    runs: dict[str, tuple[Method, Limits]] = {"network": (methods.direct(predictor), limits)}
    if not job.group.compared:
        return runs
    runs["one_shot"] = (methods.direct(predictor), ONE_SHOT)
    for name, method in (
        ("none", baselines.nothing),
        ("centroid", baselines.centroid),
        ("moments", baselines.moments),
        ("image_registration", baselines.registration),
    ):
        runs[name] = (method, limits)
    for name, folder, wrap in (
        ("absolute_then_subtract", job.networks.absolute, methods.subtracted),
        ("touch_zeroed", job.networks.blind, methods.blind),
        ("vit", job.networks.vit, methods.direct),
    ):
        if folder is not None:
            runs[name] = (wrap(Predictor.from_pretrained(folder)), limits)
    return runs


def _physics(job: Job, world: Scene) -> AbstractContextManager[Physics]:
    return sprung_physics(world.seeds) if job.group.sprung else nullcontext(FoundationPhysics(world.seeds))


def _outcome(world: Scene, trace: Trace) -> Outcome:
    return Outcome(
        errors=trace.errors,
        verdicts=trace.verdicts,
        families=tuple(shape.family if shape.family != USER else shape.name for shape in world.shapes),
        seeds=world.seeds,
        dropped=world.observable.dropped,
        predicted=trace.predicted,
        sigma=trace.sigma,
        true=trace.true,
    )
