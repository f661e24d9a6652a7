"""Grasps a second of both simulators on one core, in one process, on the same shapes. Usage: OUT.json"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import torch

from xr0.touch import data, task
from xr0.touch.foundation import Foundation
from xr0.touch.sprung import sprung_physics
from xr0_robot import report
from xr0_robot.touch.sensor.increment import to_matrix

FIRST_SEED, SHAPES, SPRUNG_GRASPS = task.TUNING_SEEDS[0], 200, 60
FORCE_N = 5.0


def foundation() -> float:
    """As training data are made: sixteen grasps of each shape, those that miss a pad drawn again."""
    sensor, seeds = Foundation(), range(FIRST_SEED, FIRST_SEED + SHAPES)
    shapes = [task.training_shape(seed) for seed in seeds]
    start_s = time.perf_counter()
    held = [
        data.grasp_shape(sensor, shape, np.random.default_rng([seed, 1]))
        for seed, shape in zip(seeds, shapes, strict=True)
    ]
    took_s = time.perf_counter() - start_s
    return data.GRASPS_EACH * sum(grasps is not None for grasps in held) / took_s


def sprung() -> float:
    """One grasp of each shape, the model's compilation included."""
    seeds = range(FIRST_SEED, FIRST_SEED + SPRUNG_GRASPS)
    shapes = [task.seen_shape(seed) for seed in seeds]
    poses = to_matrix(task.GOALS.draw(np.random.default_rng(FIRST_SEED), len(shapes)))
    with sprung_physics(seeds) as physics:
        physics.grasp(np.arange(1), shapes[:1], poses[:1], np.full(1, FORCE_N))  # its process has started
        start_s = time.perf_counter()
        physics.grasp(np.arange(len(shapes)), shapes, poses, np.full(len(shapes), FORCE_N))
        return len(shapes) / (time.perf_counter() - start_s)


def main() -> None:
    """Write both rates and their ratio."""
    torch.set_num_threads(1)
    of_foundation, of_sprung = foundation(), sprung()
    found = {
        "foundation_grasps_per_s": of_foundation,
        "sprung_grasps_per_s": of_sprung,
        "ratio": of_foundation / of_sprung,
        "first_seed": FIRST_SEED,
        "shapes": SHAPES,
        "sprung_grasps": SPRUNG_GRASPS,
        "machine": report.machine(),
        "versions": report.versions(),
        "date": report.now(),
    }
    report.write(Path(sys.argv[1]), found)
    print(f"{of_foundation:.0f} and {of_sprung:.1f} grasps a second")


if __name__ == "__main__":
    main()
