"""The report: the network and everything it is compared with, on the same episodes.

seen             new shapes of the families that training drew from
held_out         families that training never saw
second_simulator the held-out families, felt by sprung spheres in MuJoCo: nothing was trained on it
reserved         families that were not looked at while the method was made
..._near         starts as close as in the feasibility run; ..._fixed_goal: goals as designed, not random
user             shapes of a folder
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch

from xr0.touch import baselines, closed_loop, methods, scores, task
from xr0.touch.bound import KnowsTheShape
from xr0.touch.closed_loop import FoundationPhysics, Method, Physics, Scene, Trace
from xr0.touch.net import parameters
from xr0.touch.predictor import Predictor, answer_single_pairs
from xr0.touch.scores import Outcome
from xr0.touch.second import sprung_physics
from xr0.touch.task import FIXED_GOAL, GOALS, NEAR, WIDE, Spread
from xr0_robot import report
from xr0_robot.touch.sensor.decide import Limits
from xr0_robot.touch.sensor.pads import COLUMNS, LEVELS, ROWS, TactileReading
from xr0_robot.touch.sensor.shapes import Shape

SLICE = 48
"""Episodes that run side by side; a slice is one job."""

SEED_BLOCKS = 3
"""Evaluation seeds: the episodes are split in so many blocks, each from a first seed of its own."""

BLOCK_APART = 100_000
"""From one block's first seed to the next."""

BOUND_EPISODES = 6
"""Of a slice that the model-based bound is run on: it renders hundreds of grasps for each."""

TIMED = 500
"""Predictions whose time is taken; the first tenth warms up."""

ONE_SHOT = Limits(steps=1, step_mm=10.0, step_deg=20.0)
"""A single move as long as all moves together may be."""


@dataclass(frozen=True)
class Group:
    """Which episodes. family: what shapes are drawn from, or "user"; compared: whether the baselines run,
    too."""

    name: str
    family: str
    goal: Spread = GOALS
    start: Spread = WIDE
    sprung: bool = False
    compared: bool = True
    one_in: int = 1


HEADLINE = (
    Group("seen", "seen"),
    Group("held_out", "held_out"),
    Group("second_simulator", "held_out", sprung=True, compared=False),
)
"""What `xr0 tactile eval` measures."""

FURTHER = (
    Group("reserved", "reserved", one_in=3),
    Group("seen_near", "seen", start=NEAR, one_in=3),
    Group("held_out_near", "held_out", start=NEAR, one_in=3),
    Group("seen_fixed_goal", "seen", goal=FIXED_GOAL, compared=False, one_in=3),
    Group("held_out_fixed_goal", "held_out", goal=FIXED_GOAL, compared=False, one_in=3),
    Group("second_simulator_seen", "seen", sprung=True, compared=False, one_in=3),
)
"""What the shipped report has beside it."""

USER = (Group("user", "user"), Group("user_near", "user", start=NEAR))
"""For shapes of a folder."""


@dataclass(frozen=True)
class Networks:
    """Checkpoint folders: the network, and those of its comparisons that were trained."""

    refine: Path
    absolute: Path | None = None
    blind: Path | None = None
    vit: Path | None = None


@dataclass(frozen=True)
class Job:
    """A slice of one group, in a process of its own."""

    group: Group
    first_seed: int
    seeds: tuple[int, ...]
    shapes: tuple[Shape, ...]
    networks: Networks
    limits: Limits


def evaluate(
    networks: Networks,
    groups: Sequence[Group],
    episodes: int,
    first_seed: int,
    shapes: Sequence[Shape],
    workers: int,
) -> dict[str, Any]:
    """A report over `episodes` of each group; shapes: for groups of family "user".

    ValueError for seeds of training or tuning.
    """
    if first_seed < task.EVALUATION_SEEDS[0] or episodes < 1:
        raise ValueError(
            f"evaluation: got {episodes} episodes from seed {first_seed}, expected at least 1 "
            f"from seed {task.EVALUATION_SEEDS[0]} on"
        )
    return measure(networks, groups, episodes, first_seed, shapes, workers, Limits())


def measure(
    networks: Networks,
    groups: Sequence[Group],
    episodes: int,
    first_seed: int,
    shapes: Sequence[Shape],
    workers: int,
    limits: Limits,
) -> dict[str, Any]:
    """`evaluate` on any seeds and with any limits: for tuning."""
    predictor = Predictor.from_pretrained(networks.refine)
    latency = _latency_ms(predictor)
    jobs = [job for group in groups for job in _jobs(group, episodes, first_seed, shapes, networks, limits)]
    found: dict[str, dict[str, dict[int, list[Outcome]]]] = {}
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for k, (job, outcomes) in enumerate(zip(jobs, pool.map(run_job, jobs), strict=True)):
            for method, outcome in outcomes.items():
                blocks = found.setdefault(job.group.name, {}).setdefault(method, {})
                blocks.setdefault(job.first_seed, []).append(outcome)
            print(f"tactile eval: {k + 1} of {len(jobs)} slices ({job.group.name})", flush=True)
    return {
        **{group.name: _section(found[group.name]) for group in groups},
        "settings": {
            "episodes": episodes,
            "first_seed": first_seed,
            "seed_blocks": SEED_BLOCKS,
            "limits": asdict(limits),
            "groups": {group.name: asdict(group) for group in groups},
            "checkpoint": {"name": predictor.name, "fingerprint": predictor.fingerprint},
        },
        "parameters": parameters(predictor.net),
        "latency_ms": latency,
        "machine": report.machine(),
        "versions": report.versions(),
        "date": report.now(),
    }


def run_job(job: Job) -> dict[str, Outcome]:
    """Every method on one slice."""
    torch.set_num_threads(1)
    world = closed_loop.scene(job.seeds, job.shapes, job.group.goal, job.group.start)
    with _physics(job, world) as physics:
        runs = {
            name: _outcome(world, closed_loop.run(world, physics, method, limits, job.seeds[0]))
            for name, (method, limits) in _methods(job).items()
        }
        if job.group.compared:
            few = world.first(BOUND_EPISODES)
            bound = KnowsTheShape(few.shapes, few.goals)
            runs["model_based_bound"] = _outcome(
                few, closed_loop.run(few, physics, bound, job.limits, job.seeds[0])
            )
    return runs


def _methods(job: Job) -> dict[str, tuple[Method, Limits]]:
    predictor = Predictor.from_pretrained(job.networks.refine)
    runs: dict[str, tuple[Method, Limits]] = {"network": (methods.direct(predictor), job.limits)}
    if not job.group.compared:
        return runs
    runs["one_shot"] = (methods.direct(predictor), ONE_SHOT)
    for name, method in (
        ("none", baselines.nothing),
        ("centroid", baselines.centroid),
        ("moments", baselines.moments),
        ("image_registration", baselines.registration),
    ):
        runs[name] = (method, job.limits)
    for name, folder, wrap in (
        ("absolute_then_subtract", job.networks.absolute, methods.subtracted),
        ("touch_zeroed", job.networks.blind, methods.blind),
        ("vit", job.networks.vit, methods.direct),
    ):
        if folder is not None:
            runs[name] = (wrap(Predictor.from_pretrained(folder)), job.limits)
    return runs


def _latency_ms(predictor: Predictor) -> dict[str, float]:
    """Of one prediction on one core as the server makes it, the checks of its readings included."""
    answer_single_pairs()
    config, rng = predictor.net.config, np.random.default_rng(0)
    images = rng.integers(1, LEVELS, (config.fingers, ROWS, COLUMNS)).astype(np.uint8)
    reading = TactileReading(predictor.fingers, images, np.ones(config.joints))
    taken = []
    for _ in range(TIMED):
        start_s = time.perf_counter()
        predictor.predict(reading, reading)
        taken.append(1e3 * (time.perf_counter() - start_s))
    settled = taken[TIMED // 10 :]
    return {"p50": float(np.percentile(settled, 50)), "p99": float(np.percentile(settled, 99))}


def _physics(job: Job, world: Scene) -> AbstractContextManager[Physics]:
    return sprung_physics(world.seeds) if job.group.sprung else nullcontext(FoundationPhysics(world.seeds))


def _jobs(
    group: Group, episodes: int, first_seed: int, shapes: Sequence[Shape], networks: Networks, limits: Limits
) -> list[Job]:
    """The episodes of a group in blocks of seeds, each block in slices."""
    draw = {"seen": task.seen_shape, "held_out": task.held_out_shape, "reserved": task.reserved_shape}
    jobs, episodes = [], max(episodes // group.one_in, 1)
    for block in range(SEED_BLOCKS):
        count = episodes // SEED_BLOCKS + (block < episodes % SEED_BLOCKS)
        first = first_seed + block * BLOCK_APART
        for start in range(0, count, SLICE):
            seeds = tuple(range(first + start, first + min(start + SLICE, count)))
            if group.family == "user":
                own = tuple(replace(shapes[seed % len(shapes)]) for seed in seeds)
            else:
                own = tuple(draw[group.family](seed) for seed in seeds)
            jobs.append(Job(group, first, seeds, own, networks, limits))
    return jobs


def _outcome(world: Scene, trace: Trace) -> Outcome:
    return Outcome(
        errors=trace.errors,
        verdicts=trace.verdicts,
        families=tuple(shape.family if shape.family != "user" else shape.name for shape in world.shapes),
        seeds=world.seeds,
        dropped=world.observable.dropped,
        predicted=trace.predicted,
        sigma=trace.sigma,
        true=trace.true,
    )


def _section(found: Mapping[str, Mapping[int, Sequence[Outcome]]]) -> dict[str, Any]:
    """One group of the report: the network's numbers, and beside them the others'."""
    whole = {
        method: scores.joined([part for block in blocks.values() for part in block])
        for method, blocks in found.items()
    }
    blocks = {first: scores.joined(parts) for first, parts in found["network"].items()}
    return {
        **scores.summary(whole["network"]),
        "by_first_seed": scores.by_seed(blocks),
        "baselines": {name: scores.summary(o) for name, o in whole.items() if name != "network"},
        **scores.details(whole["network"]),
    }
