"""Leave the plan in hand at its place and velocity, and come to the new chunk critically damped.

With x and v the difference and its change per tick between the plan in hand and the new chunk at the last
command, j ticks behind it:

    a_j = new_j + x (1 + w j) e^(-w j) + v j e^(-w j)        w: ticks over RETURN_S

At j = 0 this has the place and the velocity of the plan in hand; nothing overshoots where only the places
differ. In a rotation the two terms are turns, one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xr0_robot.executor.methods.arithmetic import moved, offset
from xr0_robot.executor.methods.naive import Naive
from xr0_robot.executor.methods.prefix import committed
from xr0_robot.executor.strategy import Handover, Moment, Question

RETURN_S = 1 / 15
"""Time constant of the return [s]: nine tenths of the way in 0.26 s. Tuned on the brick table
(results/realtime/trials): with less a seam shows, with more the hand comes late to where a thing is now."""


@dataclass(frozen=True)
class SeamDamped(Naive):
    """Naive, and the difference at the seam returns critically damped.

    Where both plans agree nothing changes, so a steady motion is not slowed down.
    """

    name = "seam_damped"

    def join(self, handover: Handover) -> np.ndarray:
        """The new chunk, met by the old."""
        return damped(handover)


@dataclass(frozen=True)
class PrefixDamped(Naive):
    """A prefix; where more ran meanwhile than it could tell, the difference returns as in `SeamDamped`.

    So a delay above the longest prefix, or above what was estimated, costs no jerk; a chunk that was told
    all continues that by itself. A policy that was never shown a prefix is told none: that is `SeamDamped`.
    """

    name = "prefix_damped"

    def ask(self, moment: Moment) -> Question:
        """As `Prefix` does, of a policy that knows prefixes."""
        return committed(moment) if moment.max_prefix else super().ask(moment)

    def join(self, handover: Handover) -> np.ndarray:
        """The new chunk, met by the old where it did not know it."""
        return damped(handover) if handover.untold else handover.fresh


def damped(handover: Handover) -> np.ndarray:
    """The new chunk, met where the plan in hand leads to.

    The last command is a tick ago, so this tick has j = 1. The new chunk may have no row for that one: what
    the difference was there follows from this tick's and the next's. A plan with no command for the next is
    taken to go on as the new chunk does.
    """
    fresh, robot = handover.fresh, handover.embodiment
    planned = handover.planned(2)
    old = planned if len(planned) else np.stack([handover.still] * 2)
    known = min(len(old), len(fresh), 2) - 1
    aside = moved(fresh[0], offset(fresh[known], old[known], robot), robot)  # now, as far off as then
    v = offset(old[0], aside, robot)
    x = offset(fresh[0], moved(old[0], -v, robot), robot)
    w = robot.dt / RETURN_S
    j = np.arange(1, len(fresh) + 1)[:, None]
    left = np.exp(-w * j)
    return moved(moved(fresh, (1 + w * j) * left * x, robot), j * left * v, robot)
