"""From what robots went through to a row of the report. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

import numpy as np

from load.robots import Exchange, Seen


def row(seen: Sequence[Seen], first_s: float) -> dict[str, Any]:
    """What happened from first_s on, in ms.

    round_trip: from when a robot's frame is packed until its answer is here; compute: of its batch; others:
    time in which the policy, busy with earlier batches, could not begin, though the frame was sent; overhead:
    what is left.

    served: robots that have ever got a chunk; ran_dry: those of them whose plan ended before the next chunk;
    refused: answers `not now`, of which refused_served to robots that had had a chunk.
    """
    every = [each for robot in seen for each in robot.exchanges]
    exchanges, busy = [each for each in every if each.sent_s >= first_s], _Busy(every)
    round_trip_s = np.array([each.back_s - each.sent_s for each in exchanges])
    infer_s = np.array([each.infer_s for each in exchanges])
    others_s = np.array([busy.seconds(each.sent_s, each.began_s) for each in exchanges])
    served = [robot for robot in seen if robot.exchanges]
    return {
        "robots": len(seen),
        "answers": len(exchanges),
        "mean_batch": round(len(exchanges) / len({each.began_s for each in exchanges}), 2),
        "round_trip_ms": spread(round_trip_s),
        "compute_ms": spread(infer_s),
        "others_ms": spread(others_s),
        "overhead_ms": spread(round_trip_s - infer_s - others_s),
        "served": len(served),
        "ran_dry": sum(any(end > first_s for _, end in each.robot.dry) for each in served),
        "dry_share": _dry_share(served, first_s),
        "refused": sum(at >= first_s for each in seen for at in each.refused_s),
        "refused_served": sum(
            at >= max(first_s, each.exchanges[0].back_s) for each in served for at in each.refused_s
        ),
    }


def spread(values_s: np.ndarray) -> dict[str, float]:
    """Percentiles, in ms."""
    found = np.percentile(1e3 * values_s, [50, 99, 100])
    return {name: round(float(value), 3) for name, value in zip(("p50", "p99", "max"), found, strict=True)}


class _Busy:
    """When the policy computed: one batch behind the other, as their answers tell."""

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        by_start = {each.began_s: each.infer_s for each in exchanges}
        self._starts = sorted(by_start)
        self._ends = [start + by_start[start] for start in self._starts]

    def seconds(self, since_s: float, until_s: float) -> float:
        """In that time."""
        batches = range(bisect_left(self._ends, since_s), bisect_left(self._starts, until_s))
        return sum(min(self._ends[k], until_s) - max(self._starts[k], since_s) for k in batches)


def _dry_share(served: Sequence[Seen], first_s: float) -> float:
    """Share of the time of the robots that are served in which they had no plan."""
    last_s = max(each.exchanges[-1].back_s for each in served)
    dry_s = sum(max(0.0, end - max(start, first_s)) for each in served for start, end in each.robot.dry)
    return round(dry_s / (len(served) * (last_s - first_s)), 4)
