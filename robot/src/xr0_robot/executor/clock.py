"""Time: the wall's, or one that moves only when told to. Seconds from an arbitrary start, never backwards."""

from __future__ import annotations

import time
from typing import Protocol

JITTER = 0.05
"""Of a tick: what a thread's wake-up scatters by on an idle machine. By no more than this may a command be
ahead of a tick after the one before it; what is later than this moves the grid."""
ROUNDING_S = 1e-6
"""No sleep is so short."""


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
    """Control ticks at an even rate, and commands that never bunch.

    Limits are kept from one command to the next, a tick apart; so that they hold in real time too, no command
    may be sent sooner than a tick after the one before it. What is late delays all that follows: nothing is
    made up for by a burst.
    """

    def __init__(self, clock: Clock, rate_hz: float) -> None:
        self._clock = clock
        self._rate_hz = rate_hz
        self._start_s = clock.now()
        self._count = 0
        self._send_s = clock.now()

    def wait(self) -> float:
        """Sleep until the next tick begins; returns by how much that is late [s].

        After a tick that took too long, the grid goes on from where the next command may be sent.
        """
        # Counted from the start, not from tick to tick, rounding and wake-up delays do not add up.
        due_s = self._start_s + self._count / self._rate_hz
        self._clock.sleep_until(due_s)
        if self._clock.now() - due_s > self._jitter_s:
            self._clock.sleep_until(self._send_s)
            self._start_s, self._count = self._clock.now(), 0
        self._count += 1
        return max(0.0, self._clock.now() - due_s)

    def wait_to_send(self) -> None:
        """Sleep until this tick's command may be sent: where it was decided sooner than the one before it."""
        if self._clock.now() < self._send_s - ROUNDING_S:
            self._clock.sleep_until(self._send_s)
        if self._clock.now() - self._send_s > self._jitter_s:
            self._send_s = self._clock.now()
        self._send_s += 1 / self._rate_hz

    @property
    def _jitter_s(self) -> float:
        return JITTER / self._rate_hz
