"""Whether timestamps agree with the rate that a dataset says it has."""

from __future__ import annotations

import numpy as np

from xr0.data.check.findings import Findings, Tally, place
from xr0.data.lerobot import TOLERANCE_S

RATE_TOLERANCE = 0.01
"""Share by which the usual distance of two frames may differ from the rate's."""

GAP = 1.5
"""Ticks between two frames from which on one is missing."""


class Pace:
    """Distances of frames, episode by episode."""

    def __init__(self, rate_hz: float) -> None:
        self.rate_hz = rate_hz
        self.backwards, self.gaps, self.late, self.jitter = Tally(), Tally(), Tally(), Tally()
        self._ticks: list[float] = []

    def add(self, episode: int, time_s: np.ndarray) -> None:
        """One episode's timestamps [n]."""
        if abs(time_s[0]) > TOLERANCE_S:
            self.late.add(1, f"{place(episode, 0)}: {time_s[0]:g} s")
        if len(time_s) < 2:
            return
        ticks = np.diff(time_s) * self.rate_hz
        usual = float(np.median(ticks))
        self._ticks.append(usual)
        for tally, wrong in (
            (self.backwards, ticks <= 0),
            (self.gaps, ticks > GAP * max(usual, 1e-9)),
            (self.jitter, np.abs(ticks - 1) > TOLERANCE_S * self.rate_hz),
        ):
            rows = np.flatnonzero(wrong)
            if len(rows):
                where = place(episode, int(rows[0]) + 1)
                tally.add(len(rows), f"{where}: {ticks[rows[0]] / self.rate_hz:.4g} s after the frame before")

    def check(self, findings: Findings) -> None:
        """Errors for times that deny the rate, warnings for times that are uneven."""
        usual = float(np.median(self._ticks)) if self._ticks else 1.0
        if abs(usual - 1) > RATE_TOLERANCE and usual > 0:
            findings.errors.append(
                f"rate: the dataset says {self.rate_hz:g} Hz, its timestamps {self.rate_hz / usual:.4g} Hz"
            )
        elif self.jitter.count and not self.gaps.count and not self.backwards.count:
            findings.warnings.append(f"timestamps are uneven {self.jitter}")
        if self.backwards.count:
            findings.errors.append(f"timestamps do not increase {self.backwards}")
        if self.gaps.count:
            findings.errors.append(f"timestamps leave gaps {self.gaps}, at {self.rate_hz:g} Hz")
        if self.late.count:
            findings.errors.append(f"timestamps do not begin at 0 s {self.late}")
