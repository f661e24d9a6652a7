"""The rules of the refinement loop: when to stop, when to give up, how far to move. No input or output.

Both loops follow them: the simulated episodes that a network is measured by, and the robot's.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Literal

import numpy as np

from xr0_robot.touch.sensor import increment

Verdict = Literal["move", "done", "diverging", "uncertain", "out of reach", "no steps left"]


@dataclass(frozen=True)
class Limits:
    """What a refinement may do, tuned on seeds that no evaluation uses.

    steps: re-grasps at most (five, as in arXiv 2509.25746); step_mm, step_deg: of one wrist motion, longer
    ones are shortened; total_mm, total_deg: of their sum, beyond it the loop gives up; done_mm, done_deg: an
    increment below both is nothing left to do; max_sigma_mm, max_sigma_deg: if the (calibrated) sigma of
    every degree of freedom that touch can tell is above this, the prediction means nothing; growths: so many
    predictions in a row, each longer than the one before, are divergence, unless the last is below noise_mm
    and noise_deg.
    """

    steps: int = 5
    step_mm: float = 5.0
    step_deg: float = 12.0
    total_mm: float = 10.0
    total_deg: float = 20.0
    done_mm: float = 0.05
    done_deg: float = 0.3
    max_sigma_mm: float = 2.0
    max_sigma_deg: float = 8.0
    growths: int = 2
    noise_mm: float = 0.5
    noise_deg: float = 3.0


@dataclass(frozen=True)
class Decision:
    """verdict: anything but "move" ends the loop, with the object as it is held; step: the wrist's motion
    [6] (mm, rad), zero unless it is "move"."""

    verdict: Verdict
    step: np.ndarray


class Refinement:
    """One object's refinement: what was predicted and moved so far."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._sizes: list[float] = []
        self._moves = 0
        self.total = np.eye(4)
        """The wrist's motion so far: [4, 4], from where it started."""

    def decide(self, w: np.ndarray, sigma: np.ndarray) -> Decision:
        """What to do about a predicted increment w [6] (mm, rad) with its standard deviations."""
        if not (np.isfinite(w).all() and np.isfinite(sigma).all()):
            raise ValueError(f"prediction: got {w.tolist()} +- {sigma.tolist()}, expected finite numbers")
        length, angle = increment.magnitudes(w)
        self._sizes.append(float(length / self._limits.step_mm + angle / self._limits.step_deg))
        verdict = self._verdict(float(length), float(angle), sigma)
        if verdict != "move":
            return Decision(verdict, np.zeros(increment.VECTOR))
        step = shorten(w, self._limits.step_mm, self._limits.step_deg)
        total = self.total @ increment.to_matrix(step)
        far, turned = increment.magnitudes(increment.to_vector(total))
        if far > self._limits.total_mm or turned > self._limits.total_deg:
            return Decision("out of reach", np.zeros(increment.VECTOR))
        self.total, self._moves = total, self._moves + 1
        return Decision("move", step)

    def _verdict(self, length: float, angle: float, sigma: np.ndarray) -> Verdict:
        if length < self._limits.done_mm and angle < self._limits.done_deg:
            return "done"
        # x is never felt: pads that are pressed with a set force give way along it.
        if (sigma[1:3] > self._limits.max_sigma_mm).all() and (
            np.rad2deg(sigma[3:]) > self._limits.max_sigma_deg
        ).all():
            return "uncertain"
        recent = self._sizes[-self._limits.growths - 1 :]
        small = length < self._limits.noise_mm and angle < self._limits.noise_deg
        if (
            not small
            and len(recent) > self._limits.growths
            and all(b > a for a, b in itertools.pairwise(recent))
        ):
            return "diverging"
        return "move" if self._moves < self._limits.steps else "no steps left"


def shorten(w: np.ndarray, most_mm: float, most_deg: float) -> np.ndarray:
    """An increment [6] along the same way, no longer than the limits."""
    length, angle = increment.magnitudes(w)
    scale = min(1.0, most_mm / max(float(length), 1e-12), most_deg / max(float(angle), 1e-12))
    return w * scale
