"""How many replicas a fleet needs, by what each of them has measured. Pure.

A replica lets no robot in that it could not serve in time (`admission`), so a fleet that outgrows its
replicas is seen by robots that are turned away; and by late answers, where batches take longer than they did.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WANTED_LOAD = 0.5
"""Share of a replica's time that its robots should need. Admission stops at 0.8 (`admission.SHARE`): what is
between is for the robots of a replica that has died."""


@dataclass(frozen=True)
class Figures:
    """Of one replica. load: share of the time that its robots need; late: answers behind the end of their
    robot's plan, full: requests turned away for want of room, both since the replica began."""

    load: float
    late: float
    full: float


def wanted(seen: Sequence[Sequence[Figures]], replicas: int) -> int:
    """Of so many replicas that run; seen: of each that has told any, its newest figures, oldest first.

    One more where a robot was not served in time, as nobody knows how much those need that were turned away;
    otherwise as many as keep the load. Robots that share batches need less together than apart, so that never
    promises too little room.
    """
    told = [series for series in seen if series]
    if not told:
        return replicas
    enough = max(1, math.ceil(sum(series[-1].load for series in told) / WANTED_LOAD))
    unserved = any(series[-1].late > series[0].late or series[-1].full > series[0].full for series in told)
    return max(enough, replicas + 1) if unserved else enough
