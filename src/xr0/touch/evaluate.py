"""The report: the network and everything it is compared with, on the same episodes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from typing import Any

import numpy as np

from xr0.touch import scores, task
from xr0.touch.groups import Group
from xr0.touch.jobs import SEED_BLOCKS, Networks, jobs_of, run_job
from xr0.touch.net import parameters
from xr0.touch.predictor import Predictor, answer_single_pairs
from xr0.touch.scores import Outcome
from xr0_robot import report
from xr0_robot.leash import follow_parent
from xr0_robot.touch.sensor.decide import Limits
from xr0_robot.touch.sensor.pads import COLUMNS, LEVELS, ROWS, TactileReading
from xr0_robot.touch.sensor.shapes import Shape

TIMED = 500
"""Predictions whose time is taken; the first tenth warms up."""

Found = dict[str, dict[int, list[Outcome]]]
"""Outcomes of one group: by method, and by the first seed of their block."""


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
    predictor = Predictor.from_pretrained(networks.refine)
    latency = _latency_ms(predictor)
    found = _run(networks, groups, episodes, first_seed, shapes, workers)
    return {
        **{group.name: _section(found[group.name], predictor.sigma_scale) for group in groups},
        "settings": {
            "episodes": episodes,
            "first_seed": first_seed,
            "seed_blocks": SEED_BLOCKS,
            "limits": asdict(Limits()),
            "groups": {group.name: asdict(group) for group in groups},
            "checkpoint": {
                "name": predictor.name,
                "fingerprint": predictor.fingerprint,
                "sigma_scale": predictor.sigma_scale.tolist(),
            },
        },
        "parameters": parameters(predictor.net),
        "latency_ms": latency,
        "machine": report.machine(),
        "versions": report.versions(),
        "date": report.now(),
    }


def _run(
    networks: Networks,
    groups: Sequence[Group],
    episodes: int,
    first_seed: int,
    shapes: Sequence[Shape],
    workers: int,
) -> dict[str, Found]:
    """All slices of all groups, by group."""
    jobs = [job for group in groups for job in jobs_of(group, episodes, first_seed, shapes, networks)]
    found: dict[str, Found] = {group.name: {} for group in groups}
    with ProcessPoolExecutor(workers, get_context("spawn"), follow_parent) as pool:
        for k, (job, outcomes) in enumerate(zip(jobs, pool.map(run_job, jobs), strict=True)):
            for method, outcome in outcomes.items():
                blocks = found[job.group.name].setdefault(method, {})
                blocks.setdefault(job.first_seed, []).append(outcome)
            print(f"tactile eval: {k + 1} of {len(jobs)} slices ({job.group.name})", flush=True)
    return found


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


def _section(found: Mapping[str, Mapping[int, Sequence[Outcome]]], sigma_scale: np.ndarray) -> dict[str, Any]:
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
        **scores.details(whole["network"], sigma_scale),
    }
