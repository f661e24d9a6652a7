"""How long nothing usable has come from the policy, why, and when to ask again. Pure bookkeeping."""

from __future__ import annotations

import logging
import re

from xr0_robot.deadlines import Deadlines

log = logging.getLogger(__name__)

NUMBERS = re.compile(r"[\d.]+")
"""A picture that is a tick older than before is no news, another reason is."""


class Silence:
    """Begins with the first question that nothing usable has answered, ends with the answer."""

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self._since_s: float | None = None
        self._lost_s: float | None = None
        self._retry_at_s = -float("inf")
        self.reason: str | None = None
        """What went wrong last, in one line; None while nothing has since the last answer."""

    def begin(self, now_s: float) -> None:
        """A question is open; without effect while an earlier one is."""
        if self._since_s is None:
            self._since_s = now_s

    def end(self) -> None:
        """Answered."""
        self._since_s = self._lost_s = self.reason = None

    def blame(self, reason: str) -> None:
        """What was answered, or would have been asked, is of no use; logged where it is news."""
        if self.reason is None or NUMBERS.sub("", self.reason) != NUMBERS.sub("", reason):
            log.warning(
                "nothing usable from the policy, waiting %g s: %s", self._deadlines.patience_s, reason
            )
        self.reason = reason

    def lose(self, now_s: float, reason: str, pause_s: float) -> None:
        """There is no way to ask now; the next attempt comes after a pause."""
        self.begin(now_s)
        self.blame(reason)
        self._retry_at_s = now_s + pause_s
        if self._lost_s is None:
            self._lost_s = now_s

    def reached(self, now_s: float) -> bool:
        """Whether asking is possible, as far as is known."""
        return now_s >= self._retry_at_s

    def coasted(self, now_s: float) -> bool:
        """Whether the plan must not go on: the way to ask has been lost for too long."""
        return self._lost_s is not None and now_s - self._lost_s >= self._deadlines.coast_s

    def over(self, now_s: float) -> bool:
        """Whether patience is."""
        return self._since_s is not None and now_s - self._since_s > self._deadlines.patience_s
