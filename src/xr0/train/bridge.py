"""Prefixes that tell where the seam is, and little of what follows.

In a demonstration what was committed foretells what comes, so a policy that is shown it need not look. Here a
prefix of n ticks strays, by a share s, into the motion of another moment, m. As far as it strays the
demonstration, a, stands still; behind the seam its clock c runs on, and what the prefix strayed by, x,
returns to nothing, critically damped:

    prefix_k = a(c_k) + x_k        c_k = (1 - s) k      x_k = s (m_k - m_0)                     k < n
    target_k = a(c_k) + x_k        c_k = c_(k-1) + 1 - s e^(-w j)
                                   x_k = (x + (v + w x) j) e^(-w j),  j = k - (n - 1)           k >= n

x = x_(n-1), v = x_(n-1) - x_(n-2), 0 for a prefix of one tick; w: ticks over RETURN_S. So place and velocity
go on at the seam, and the hand still closes where the arm is, not when it was to be there.
"""

from __future__ import annotations

import numpy as np

from xr0.config import WINDOWED
from xr0.train import draws
from xr0_robot.types import Embodiment

RETURN_S = 1 / 20
"""Time constant of the return [s]: nine tenths of the way in 0.2 s."""


def length(seed: int, horizon: int) -> int:
    """Of a sample's prefix [ticks]: the paper's rule, as `prefixes` draws it for a whole batch."""
    lengths = min(WINDOWED.max_prefix, horizon - 1) + 1
    return int(np.float32(draws.uniform_of(seed, draws.PREFIX)) * np.float32(lengths))


def bridge(actions: np.ndarray, other: np.ndarray, robot: Embodiment, seed: int) -> np.ndarray:
    """A sample's demonstrated chunk [t, d] with a prefix that strays by a share of 0 to 1, both encoded."""
    n = length(seed, len(actions))
    return stray(actions, other, robot, n, draws.uniform_of(seed, draws.STRAY)) if n else actions


def stray(actions: np.ndarray, other: np.ndarray, robot: Embodiment, n: int, s: float) -> np.ndarray:
    """With a prefix of n >= 1 ticks that strays by s into `other`, and the way back.

    What may jump, a gripper, has the other's numbers in the prefix: a hand that closes foretells a grasp. A
    segment that is itself a motion strays in the prefix and has nothing to return from.
    """
    w = robot.dt / RETURN_S
    left = np.exp(-w * np.arange(1, len(actions) - n + 1))
    clock = np.concatenate([(1 - s) * np.arange(n), (1 - s) * (n - 1) + np.cumsum(1 - s * left)])
    demonstrated = at(actions, clock)
    places, motions = kinds(robot)
    out = demonstrated + np.where(places, returned(s * (other - other[0]), n, w), 0.0)
    mixed = np.where(motions, (1 - s) * demonstrated[:n] + s * other[:n], other[:n])
    out[:n] = np.where(places, out[:n], mixed)
    return out


def at(chunk: np.ndarray, clock: np.ndarray) -> np.ndarray:
    """Rows of a chunk [t, d] at times [t] in ticks, in between them by proportion."""
    before = np.minimum(clock.astype(int), len(chunk) - 2)
    share = (clock - before)[:, None]
    return (1 - share) * chunk[before] + share * chunk[before + 1]


def returned(x: np.ndarray, n: int, w: float) -> np.ndarray:
    """x [t, d] for n ticks, then its critically damped return to 0."""
    place, velocity = x[n - 1], x[n - 1] - x[max(n - 2, 0)]
    j = np.arange(1, len(x) - n + 1)[:, None]
    return np.concatenate([x[:n], (place + (velocity + w * place) * j) * np.exp(-w * j)])


def kinds(robot: Embodiment) -> tuple[np.ndarray, np.ndarray]:
    """Which model slots [d] are places, that are left gradually, and which are motions."""
    places, motions = np.zeros((2, robot.model_dim), dtype=bool)
    for segment in robot.segments:
        motions[segment.model_slice] = segment.anchor == "previous"
        places[segment.model_slice] = segment.anchor != "previous" and segment.kind != "gripper"
    return places, motions
