"""The log of what clients cause: one line each, at most one a second, whatever they send."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

INTERVAL_S = 1.0
"""Between two lines: a client that sends nonsense as fast as it can fills no disk."""


class OneLineASecond(logging.Filter):
    """Turns tracebacks into their last line, drops what comes too soon, and tells how much that was.

    Only warnings and errors count. clock: monotonic, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._next_s = -float("inf")
        self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is logged; it is rewritten to one line."""
        if record.levelno < logging.WARNING:
            return True
        now_s = self._clock()
        if now_s < self._next_s:
            self._left_out += 1
            return False
        words = record.getMessage().split()
        if record.exc_info and record.exc_info[1] is not None:
            words += [f"({type(record.exc_info[1]).__name__}:", *f"{record.exc_info[1]})".split()]
        if self._left_out:
            words.append(f"[{self._left_out} more since the last such line]")
        record.msg, record.args, record.exc_info, record.exc_text = " ".join(words), (), None, None
        self._next_s, self._left_out = now_s + INTERVAL_S, 0
        return True


log = logging.getLogger("xr0.serve.peers")
log.addFilter(OneLineASecond())
