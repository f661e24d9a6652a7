"""Whether an observation may still be acted on."""

from __future__ import annotations

from xr0_robot.deadlines import Deadlines
from xr0_robot.types import Observation


def unusable(
    observation: Observation, now_s: float, deadlines: Deadlines, not_before_s: float = -float("inf")
) -> str | None:
    """Why a policy must not be asked about it, in one line; None where it may.

    Its oldest picture counts, and how far its cameras are apart. not_before_s: when the robot was last
    released; what was seen before does not move it.
    """
    times = observation.times_s or {"": observation.time_s}
    oldest, newest = min(times, key=lambda k: times[k]), max(times, key=lambda k: times[k])
    age_s, spread_s = now_s - times[oldest], times[newest] - times[oldest]
    limit_s = deadlines.max_picture_age_s
    subject = f"camera {oldest!r} is" if observation.times_s else "the pictures are"
    if age_s > limit_s:
        return f"{subject} {age_s:.2f} s old, at most {limit_s:g} s"
    if times[newest] - now_s > limit_s:
        return f"the pictures are of {times[newest] - now_s:.2f} s from now: another clock's"
    if spread_s > deadlines.max_spread_s:
        apart = f"cameras {oldest!r} and {newest!r} are {spread_s:.2f} s apart"
        return f"{apart}, at most {deadlines.max_spread_s:g} s"
    if times[oldest] < not_before_s:
        return "the pictures are from before the robot was released"
    return None
