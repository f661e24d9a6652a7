"""Episodes of several legs, told one after the other: how many were done in a row."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from xr0_robot.report import wilson


def row(legs: Sequence[Mapping[str, Any]], count: int) -> dict[str, Any]:
    """The row of an episode of `count` legs, from those of the legs that were begun, in order. Ticks are
    added up, latencies follow each other, seam ratio and jerk are medians; success is all of them. What
    else there is, is the last leg's; `legs` has each one's own."""
    done = sum(leg["success"] for leg in legs)
    times = [leg["time_s"] for leg in legs]
    return {
        **legs[-1],
        "instruction": "; ".join(leg["instruction"] for leg in legs),
        "spoken": "; ".join(leg["spoken"] for leg in legs),
        "success": done == count,
        "in_a_row": done,
        "time_s": round(sum(times), 3) if done == count else None,
        **{name: sum(leg[name] for leg in legs) for name in ("ticks", "idle_ticks", "missed_ticks")},
        "latencies_ms": [ms for leg in legs for ms in leg["latencies_ms"]],
        **{name: _median([leg[name] for leg in legs]) for name in ("seam_ratio", "rms_jerk")},
        "legs": [dict(leg) for leg in legs],
    }


def summary(rows: Sequence[Mapping[str, Any]], episodes: int, count: int) -> dict[str, Any]:
    """in_a_row: the share of episodes with at least so many, with its interval; mean_length: how many on
    average. Of `episodes`, whether they have a row or not."""
    lengths = [row.get("in_a_row", 0) for row in rows]
    shares = {}
    for length in range(1, count + 1):
        enough = sum(done >= length for done in lengths)
        shares[str(length)] = {
            "successes": enough,
            "success_rate": enough / episodes,
            "ci95": list(wilson(enough, episodes)),
        }
    return {"in_a_row": shares, "mean_length": sum(lengths) / episodes}


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
