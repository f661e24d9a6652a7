"""What is measured of an episode: smoothness, idleness, reaction. Each a function of arrays.

commands: float64 [n, d], what was sent in each tick, numbers of one unit. chunks: int [n], the serial number
of the chunk obeyed, -1 while there was none.
"""

from __future__ import annotations

import numpy as np

from xr0_robot.bench.metrics import bends

REACTION_SIGMAS = 3.0
"""A command that is farther from its twin than so many standard deviations of the policy's own noise
reacts."""

SPARC_CUTOFF_HZ, SPARC_THRESHOLD, SPARC_PADDING = 10.0, 0.05, 4
"""Of the spectral arc length (Balasubramanian et al. 2015, doi 10.1186/s12984-015-0090-9)."""


def seam_bends(commands: np.ndarray, chunks: np.ndarray) -> tuple[float, float] | None:
    """The medians of `bends`; None where an episode lacks either. Over episodes, the mean of the first over
    that of the second is the seam ratio: 1 is invisible."""
    seam, inside = bends(commands, chunks)
    return None if len(seam) == 0 or len(inside) == 0 else (float(np.median(seam)), float(np.median(inside)))


def velocity_jump(commands: np.ndarray, chunks: np.ndarray, dt: float) -> float | None:
    """95th percentile of how much the commanded velocity changes in a tick at a seam [per s]."""
    seam, _ = bends(commands, chunks)
    return None if len(seam) == 0 else float(np.percentile(seam / dt, 95))


def rms_jerk(commands: np.ndarray, dt: float) -> float:
    """Root mean square of the third derivative [per s^3]."""
    jerk = np.diff(commands, n=3, axis=0) / dt**3
    return float(np.sqrt(np.mean(np.sum(jerk**2, axis=1))))


def sparc(path: np.ndarray, dt: float) -> float | None:
    """Spectral arc length of the speed along a measured path [n, d]: 0 or below, the smoother the higher.

    None for one that stands still.
    """
    speed = np.linalg.norm(np.diff(path, axis=0), axis=1) / dt
    size = 2 ** (int(np.ceil(np.log2(len(speed)))) + SPARC_PADDING)
    spectrum = np.abs(np.fft.rfft(speed, size))
    if spectrum[0] <= 0.0:
        return None
    frequency = np.fft.rfftfreq(size, dt)
    used = frequency <= SPARC_CUTOFF_HZ
    frequency, magnitude = frequency[used], (spectrum / spectrum[0])[used]
    last = np.flatnonzero(magnitude >= SPARC_THRESHOLD)[-1]
    if last == 0:
        return None
    along = np.diff(frequency[: last + 1]) / (frequency[last] - frequency[0])
    return float(-np.sum(np.hypot(along, np.diff(magnitude[: last + 1]))))


def idle_share(chunks: np.ndarray) -> float:
    """Of the ticks: without a command of a chunk."""
    return float(np.mean(chunks < 0))


def reaction_ticks(
    commands: np.ndarray, twin: np.ndarray, visible: int, sigma: np.ndarray, longest: int
) -> int:
    """Ticks from when the surprise could first be seen until a command differs from the twin's.

    twin [m, d]: the commands of the same episode without the surprise; visible: the tick at whose beginning
    the surprise could be seen; sigma [d]: of the policy's own noise. `longest` for a reaction that did not
    come within it; where an episode ended before, its last command stands.
    """
    ticks = np.arange(visible, visible + longest)
    mine, other = (rows[np.minimum(ticks, len(rows) - 1)] for rows in (commands, twin))
    reacts = (np.abs(mine - other) > REACTION_SIGMAS * sigma).any(axis=1)
    return int(np.argmax(reacts)) if reacts.any() else longest
