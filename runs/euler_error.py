"""How far chunks of few Euler steps lie from those of many, with the same noise.

Usage: CHECKPOINT DATASET FRAMES OUT.json
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from xr0.bench import open_loop
from xr0.bench import open_loop_errors as measure
from xr0.checkpoints.folder import load
from xr0.data.source import Source
from xr0.policy import Policy, Request
from xr0_robot import report
from xr0_robot.types import Embodiment

STEPS, EXACT = (1, 2, 5, 10, 20), 100
"""Euler steps that are compared, and those of the chunk that counts as exact."""


def chunks(checkpoint: Path, steps: int, requests: list[Request]) -> np.ndarray:
    """Commands [n, t, native]."""
    policy = Policy(load(checkpoint), steps=steps)
    return np.stack([policy.infer(request)[0] for request in requests])


def main() -> None:
    """Ask, compare, write: errors to the exact chunk, and to what was demonstrated."""
    checkpoint, dataset, count, out = sys.argv[1:]
    policy = Policy(load(Path(checkpoint)))
    source = Source.open(Path(dataset), policy.action_horizon, policy.embodiment)
    lengths = source.dataset.episodes.length.tolist()
    every = [(episode, frame) for episode, length in enumerate(lengths) for frame in range(length)]
    frames = every[:: max(1, len(every) // int(count))]
    windows = [source.windows(episode, np.array([frame])) for episode, frame in frames]
    requests = [
        Request(source.images(*place), window.state[0], window.tasks[0], None, seed)
        for seed, (place, window) in enumerate(zip(frames, windows, strict=True))
    ]
    exact = chunks(Path(checkpoint), EXACT, requests)
    shown = np.concatenate([window.actions for window in windows]).astype(np.float64)
    told = {steps: chunks(Path(checkpoint), steps, requests) for steps in STEPS} | {EXACT: exact}
    starts = np.flatnonzero(np.diff([episode for episode, _ in frames], prepend=-1))
    found = {
        str(steps): {
            name: distance(chunk, target, policy.embodiment, starts)
            for name, target in (("to_exact", exact), ("to_demonstrated", shown))
        }
        for steps, chunk in told.items()
    }
    about = open_loop.about(policy, source, frames, 0, 0) | {"what": "error by Euler steps"}
    del about["baselines_fitted_to"], about["every"], about["prefix"]
    about |= {"episodes": len(lengths), "unit": "m", "exact_steps": EXACT}
    report.write(Path(out), about | {"errors": found})


def distance(told: np.ndarray, target: np.ndarray, robot: Embodiment, starts: np.ndarray) -> dict[str, float]:
    """Mean distance of commanded positions [m] over frames and ticks, and its 95 % bootstrap interval over
    episodes."""
    quantities = measure.quantities(robot, [str(k) for k in range(robot.native_dim)])
    metres = [k for k, quantity in enumerate(quantities) if quantity.unit == "m"]
    apart = np.linalg.norm(measure.errors(told, target, robot)[..., metres], axis=-1)
    counts = np.full(len(apart), apart.shape[1])
    found = measure.interval(apart.sum(axis=1), counts, starts)
    return dict(zip(("value", "low", "high"), map(float, found), strict=True))


if __name__ == "__main__":
    main()
