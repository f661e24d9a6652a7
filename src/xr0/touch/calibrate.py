"""Fits a checkpoint's calibration: closed-loop episodes of the first simulator, on seeds kept for tuning."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xr0.touch import calibration, closed_loop, methods, scene, task
from xr0.touch.jobs import SLICE
from xr0.touch.physics import FoundationPhysics
from xr0.touch.predictor import Predictor, answer_single_pairs
from xr0_robot import report
from xr0_robot.touch.sensor.decide import Limits


def calibrate(folder: Path, episodes: int, first_seed: int) -> np.ndarray:
    """Fit the factors [6] on new shapes of seen families, and write them beside the weights.

    Every prediction of every episode counts, the first as much as the last: they are what the loop is given.
    ValueError for seeds of training or evaluation.
    """
    low, high = task.TUNING_SEEDS
    if episodes < 1 or not low <= first_seed <= first_seed + episodes <= high:
        raise ValueError(
            f"calibration: got {episodes} episodes from seed {first_seed}, expected at least 1 "
            f"from {low} to {high}"
        )
    answer_single_pairs()
    predictor = Predictor.uncalibrated(folder)
    traces = []
    for first in range(first_seed, first_seed + episodes, SLICE):
        seeds = range(first, min(first + SLICE, first_seed + episodes))
        world = scene.draw(seeds, [task.seen_shape(seed) for seed in seeds], task.GOALS, task.WIDE)
        physics = FoundationPhysics(world.seeds)
        traces.append(closed_loop.run(world, physics, methods.direct(predictor), Limits(), first))
        print(f"tactile calibrate: {seeds.stop - first_seed} of {episodes} episodes", flush=True)
    errors = np.concatenate([trace.true - trace.predicted for trace in traces])
    scale = calibration.fit_scale(errors, np.concatenate([trace.sigma for trace in traces]))
    fitted_on = {
        "simulator": "elastic foundation",
        "families": "seen",
        "first_seed": first_seed,
        "episodes": episodes,
        "predictions": len(errors),
        "coverage": calibration.COVERAGE,
        "machine": report.machine(),
        "versions": report.versions(),
        "date": report.now(),
    }
    calibration.write(folder, scale, predictor.fingerprint, fitted_on)
    return scale
