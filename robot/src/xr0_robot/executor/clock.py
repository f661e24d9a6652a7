"""Time: the wall's, or one that moves only when told to. Seconds from an arbitrary start, never backwards."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What the control loop needs of time."""

    def now(self) -> float:
        """Seconds."""
        ...

    def sleep_until(self, time_s: float) -> None:
        """Return at `time_s`, or at once where that has passed."""
        ...


class WallClock:
    """time.monotonic: unlike the time of day it is never set back."""

    def now(self) -> float:
        """Seconds since the machine's own arbitrary start."""
        return time.monotonic()

    def sleep_until(self, time_s: float) -> None:
        """Sleep; returns late by what the operating system needs to wake a thread."""
        delay_s = time_s - self.now()
        if delay_s > 0:
            time.sleep(delay_s)


class VirtualClock:
    """Moves only in `sleep_until`, so an evaluation is exact and reproducible on any machine."""

    def __init__(self) -> None:
        self._now_s = 0.0

    def now(self) -> float:
        """Seconds that were slept away so far."""
        return self._now_s

    def sleep_until(self, time_s: float) -> None:
        """Jump there."""
        self._now_s = max(self._now_s, time_s)


class Metronome:
    """Control ticks at an even rate. A late tick delays the plan; it is never made up for by a burst."""

    def __init__(self, clock: Clock, rate_hz: float) -> None:
        self._clock = clock
        self._rate_hz = rate_hz
        self._start_s = clock.now()
        self._count = 0

    def wait(self) -> int:
        """Sleep until the next tick is due; returns how many whole ticks were missed before it."""
        self._clock.sleep_until(self._start_s + self._count / self._rate_hz)
        # Counted from the start, not from tick to tick, rounding and wake-up delays do not add up.
        missed = int((self._clock.now() - self._start_s) * self._rate_hz + 1e-6) - self._count
        self._count += missed + 1
        return missed
