"""Prefixes that tell where the seam is, and nothing of what follows.

In a demonstration what was committed foretells what comes, so a policy that is shown it need not look. Here a
prefix has the motion of another moment, m, and the demonstration a is reached from its end by a critically
damped return, which begins with the prefix's own velocity:

    prefix_k = a_k + x_k,    x_k = (m_k - m_0) - (a_k - a_0)                     0 <= k < n
    target_k = a_k + (x + (v + w x) j) e^(-w j),    j = k - (n - 1)              k >= n

x = x_(n-1) and v = x_(n-1) - x_(n-2), both 0 for a prefix of one tick; w: ticks over RETURN_S. Nothing is to
be gained by continuing the prefix, and a seam that is met in place and velocity does not show.
"""

from __future__ import annotations

import numpy as np

from xr0.train import draws
from xr0_robot.types import Embodiment

RETURN_S = 1 / 30
"""Time constant of the return [s]: nine tenths of the way in 0.13 s. A slower one closes the hand, which is
timed as demonstrated, before the arm is there."""

LONGEST = 6
"""Ticks of a prefix."""


def length(seed: int, horizon: int) -> int:
    """Of a sample's prefix [ticks]: uniform from none to LONGEST, one tick of the horizon stays."""
    return int(draws.uniform_of(seed, draws.PREFIX) * (min(LONGEST, horizon - 1) + 1))


def bridge(actions: np.ndarray, other: np.ndarray, robot: Embodiment, seed: int) -> np.ndarray:
    """A demonstrated chunk with another moment's motion as its prefix, and the way back.

    actions, other: encoded chunks [t, d] of one robot. What may jump, a gripper, or is no place, a motion,
    has the other's numbers in the prefix and its own right behind it.
    """
    n = length(seed, len(actions))
    if n == 0:
        return actions
    smooth = continuous(robot)
    apart = (other - other[0]) - (actions - actions[0])
    x, v = apart[n - 1], apart[n - 1] - apart[max(n - 2, 0)]
    w = robot.dt / RETURN_S
    j = np.arange(1, len(actions) - n + 1)[:, None]
    back = (x + (v + w * x) * j) * np.exp(-w * j)
    moved = actions + np.concatenate([apart[:n], back])
    jumping = np.concatenate([other[:n], actions[n:]])
    return np.where(smooth, moved, jumping)


def continuous(robot: Embodiment) -> np.ndarray:
    """Which model slots [d] are places that are left gradually."""
    out = np.zeros(robot.model_dim, dtype=bool)
    for segment in robot.segments:
        out[segment.model_slice] = segment.kind != "gripper" and segment.anchor != "previous"
    return out
