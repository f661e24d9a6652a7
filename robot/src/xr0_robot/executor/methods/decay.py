"""Meet the plan in hand where the new chunk takes over, and let go of it within a few ticks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xr0_robot.executor.methods.arithmetic import moved, offset
from xr0_robot.executor.methods.naive import Naive
from xr0_robot.executor.methods.prefix import committed
from xr0_robot.executor.strategy import Handover, Moment, Question

DECAY = 0.8
"""Per tick: half of a seam is gone in three ticks, nine tenths in ten."""


@dataclass(frozen=True)
class SeamDecay(Naive):
    """Naive, and the jump at the seam decays: a_k = new_k + decay^(k+1) * (old_0 - new_0), k ticks from now.

    old_0 is what the plan in hand has for this tick, or standing still where it has ended. Where both agree
    nothing changes, so a steady motion is not slowed down.
    """

    decay: float = DECAY
    name = "seam_decay"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_decay(self.decay)

    def join(self, handover: Handover) -> np.ndarray:
        """The new chunk, met by the old."""
        return decayed(handover, self.decay)


@dataclass(frozen=True)
class PrefixDecay(Naive):
    """A prefix, and what difference it leaves at the seam decays as in `SeamDecay`."""

    decay: float = DECAY
    name = "prefix_decay"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_decay(self.decay)

    def ask(self, moment: Moment) -> Question:
        """As `Prefix` does."""
        return committed(moment)

    def join(self, handover: Handover) -> np.ndarray:
        """The new chunk, met by the old."""
        return decayed(handover, self.decay)


def decayed(handover: Handover, decay: float) -> np.ndarray:
    """new_k + decay^(k+1) * (old_0 - new_0), for the ticks k from now on."""
    fresh, embodiment = handover.fresh, handover.embodiment
    planned = handover.planned(1)
    old = planned[0] if len(planned) else handover.still
    share = decay ** np.arange(1, len(fresh) + 1)[:, None]
    return moved(fresh, share * offset(fresh[0], old, embodiment), embodiment)


def check_decay(decay: float) -> None:
    """ValueError for a decay that is none."""
    if not 0.0 <= decay < 1.0:
        raise ValueError(f"decay: got {decay} per tick, expected from 0 to below 1")
