"""The report beside the numbers of `load.cluster`. Usage: python -m load.cluster_table FOLDER"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

KILLED = """\
<!-- written by runs/cluster.sh -->
# Replicas behind Ray Serve

Ray Serve {ray} and all robots on {cores} hardware threads of {cpu}, {date}, seed {seed}, with other
programs beside them: what counts is who is served, not how fast. Robots are real clients and executors at
30 Hz, which ask three times a second over real sockets, with two pictures of 128 px; the policy of each
replica only sleeps. Everything else is as in deploy/ray.yaml.

## A process is killed under load

`kill -9` after {at:g} of {seconds:g} s; a batch of b takes {batch:g} ms + b {request:g} ms. *Lost*: robots
whose executor gave up, as it does after {patience:g} s without an answer, or that were not served any more at
the end. *Failed*: requests that ended with the connection, and attempts to connect; *refused*: answered `not
now`. *Gap*: the longest between two answers of any robot; in brackets the longest one of a robot that it did
not concern, in the median. *Stood*: the longest time for which any robot had no command to execute. *Moved*:
robots that changed their replica though it lived. *Missed*: share of ticks for which a robot's own loop came
too late.
"""

GREW = """
## Robots come and go

From 1 to {most} replicas, by `xr0.serve.scaling`; a batch of b takes {batch:g} ms + b {request:g} ms, and a
phase {seconds:g} s. Replicas are stopped after {down:g} s in which fewer would do. *All served*: from the
phase's beginning until the last robot had its first chunk. Replicas that ran, by time: {running}.
"""

SUM = """
In all: lost {lost}, answers {answers}, requests failed {failed_requests}; the longest time between two
answers of a robot {longest_gap_s:.1f} s, without a command {longest_stood_s:.1f} s; ticks missed
{missed_ticks:.0%}.
"""


def killed(found: Mapping[str, Any]) -> Iterator[str]:
    """What happened when a process was killed."""
    rows = [found[victim] for victim in ("replica", "proxy") if victim in found]
    first = rows[0]
    times = {"at": first["at_s"], "seconds": first["seconds"], "patience": first["patience_s"]}
    batch = {"batch": first["batch_ms"], "request": first["request_ms"]}
    stamp = {"cpu": first["machine"]["cpu"], "cores": first["machine"]["cores"], "date": first["date"][:10]}
    yield KILLED.format(ray=first["versions"]["ray"], seed=first["seed"], **times, **batch, **stamp)
    counts = {
        "lost": "lost",
        "answers": "answers",
        "failed": "failed_requests",
        "refused": "refused_requests",
    }
    yield from _head(
        [
            "killed",
            "robots of each replica",
            *counts,
            "gap [s]",
            "stood [s]",
            "moved",
            "missed",
            "replicas that ran",
        ]
    )
    for row in rows:
        its = row["its_robots"]
        cells = [
            f"a replica, with {its} robots" if row["victim"] == "replica" else "the proxy",
            ", ".join(map(str, row["robots_of_each"])),
            *(row[key] for key in counts.values()),
            f"{row['longest_gap_s']:.1f} ({row['usual_gap_s']:.1f})",
            f"{row['longest_stood_s']:.1f}",
            row["moved"] if row["victim"] == "replica" else "all connect anew",
            f"{row['missed_ticks']:.0%}",
            _running(row),
        ]
        yield _row(cells)


def grew(found: Mapping[str, Any]) -> Iterator[str]:
    """How replicas followed robots."""
    growth = found["growth"]
    batch = {"batch": growth["batch_ms"], "request": growth["request_ms"]}
    times = {"seconds": growth["seconds"], "down": growth["downscale_delay_s"]}
    yield GREW.format(most=growth["most_replicas"], running=_running(growth), **batch, **times)
    yield from _head(
        ["robots", "served at the end", "replicas at the end", "all served [s]", "refused", "failed"]
    )
    for row in growth["phases"]:
        soon = "not all" if row["all_served_s"] is None else f"{row['all_served_s']:.1f}"
        cells = [row["robots"], row["served"], row["replicas"], soon]
        yield _row([*cells, row["refused_requests"], row["failed_requests"]])
    yield SUM.format(**growth)


def _running(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{count} at {at_s:g} s" for at_s, count in row["running"])


def _head(names: Sequence[str]) -> Iterator[str]:
    yield _row(names)
    yield "|---" * len(names) + "|"


def _row(cells: Sequence[Any]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def main(folder: Path) -> None:
    """Reads cluster.json, writes cluster.md, of those parts that were measured; a kill is one of them."""
    found = json.loads((folder / "cluster.json").read_text(encoding="utf-8"))
    lines = [*killed(found), *(grew(found) if "growth" in found else [])]
    (folder / "cluster.md").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
