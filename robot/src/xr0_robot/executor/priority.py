"""Real-time priority for the thread that sends commands, so that no other work on its machine delays them."""

from __future__ import annotations

import logging
import os

logger = logging.getLogger("xr0_robot.executor")

PRIORITY = 10
"""Above all ordinary threads, below those of Linux's own that serve devices, which have 50."""


def real_time() -> bool:
    """Put the calling thread before all ordinary ones: for a loop that mostly waits, as a real arm's does.

    Threads that it starts afterwards stay ordinary (Linux: SCHED_FIFO, reset on fork). Returns whether the
    system lets it; where not, a log line says what to do, and the thread stays as it was.
    """
    if not hasattr(os, "sched_setscheduler"):
        logger.warning("real-time priority: got a system without SCHED_FIFO, expected Linux")
        return False
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(PRIORITY))
    except PermissionError:
        logger.warning(
            "real-time priority: not permitted; allow it by 'USER - rtprio %d' in /etc/security/limits.conf",
            PRIORITY,
        )
        return False
    return True
