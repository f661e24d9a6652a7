"""How smooth the commands of an episode were. Translation only: rotations and grippers have other units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xr0_robot.executor.tick import Tick
from xr0_robot.types import Embodiment

STILL_M = 1e-9
"""A median bend below this is rounding: the commands inside chunks are straight, a ratio means nothing."""


def positions(embodiment: Embodiment, ticks: Sequence[Tick]) -> np.ndarray:
    """The commanded tool positions [m] of all arms side by side: float64 [ticks, 3 * arms].

    A robot told motions is told no position: 3 * 0.
    """
    commands = np.stack([tick.command for tick in ticks])
    poses = [s for s in embodiment.segments if s.kind == "pose" and s.anchor != "previous"]
    return np.concatenate([commands[:, :0], *(commands[:, s.native : s.native + 3] for s in poses)], axis=1)


def seam_ratio(embodiment: Embodiment, ticks: Sequence[Tick]) -> float | None:
    """Median norm of the second difference of the position at seams, over that inside chunks; 1 is invisible.

    Three commands in a row that one chunk gave are inside it; three of two or more origins (another chunk, or
    a hold) lie at a seam. None where an episode lacks either, or goes dead straight inside its chunks.
    """
    if len(ticks) < 3:
        return None
    seam, inside = bends(positions(embodiment, ticks), np.array([tick.chunk for tick in ticks]))
    if len(seam) == 0 or len(inside) == 0 or np.median(inside) < STILL_M:
        return None
    return float(np.median(seam) / np.median(inside))


def bends(places: np.ndarray, chunks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Norms of the second differences of `places` [n, d] at seams, and inside chunks.

    chunks: int [n], which chunk each was given by, -1 where none was.
    """
    bend = np.linalg.norm(np.diff(places, n=2, axis=0), axis=1)
    windows = np.stack([chunks[:-2], chunks[1:-1], chunks[2:]], axis=1)
    same = (windows == windows[:, :1]).all(axis=1)
    return bend[~same], bend[same & (windows[:, 0] >= 0)]


def rms_jerk(embodiment: Embodiment, ticks: Sequence[Tick]) -> float | None:
    """Root mean square of the third derivative of the commanded position [m/s^3]; None below 4 ticks, and for
    a robot that is told no position."""
    if len(ticks) < 4:
        return None
    jerk = np.diff(positions(embodiment, ticks), n=3, axis=0) / embodiment.dt**3
    if jerk.shape[1] == 0:
        return None
    return float(np.sqrt(np.mean(np.sum(jerk**2, axis=1))))


def percentiles(values: Sequence[float]) -> dict[str, float | None]:
    """The median and the 99th percentile, None where there is no value."""
    return {f"p{q}": float(np.percentile(values, q)) if len(values) else None for q in (50, 99)}
