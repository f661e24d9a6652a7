"""The real server under load, and the plainest server beside it.

The server is a process of its own; all robots are in this one. What both take is told in CPU seconds, and the
plain server under the same robots shows what clients, sockets and frames cost without any queue.

Usage: python -m load.measure OUT.json [--seconds N] [--rounds N]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from load import figures
from load.plan import Kind
from load.robots import fleet
from xr0.cli import launch
from xr0_robot import report

START_S = 3.0
"""In which robots come, and the server learns how long batches take and how often each asks."""

PIXELS = 128
"""Of a side of a picture; two pictures a request."""

KIND = Kind(rows=30, execute=10)
"""A robot at 3 Hz, with 20 ticks left when it asks."""


@dataclass(frozen=True)
class Load:
    """Robots at work, and some that are connected and stand, at a server (xr0 or plain), whose batch of b
    takes batch_ms + b request_ms."""

    name: str
    server: str
    batch: int
    batch_ms: float
    request_ms: float
    robots: int
    standing: int = 0

    @property
    def of_capacity(self) -> float:
        """What the robots ask, by what full batches of 8 can answer."""
        return self.robots / (KIND.execute / 30) * (self.batch_ms + 8 * self.request_ms) / 8e3


LOADS = (
    Load("one robot, 1 ms a batch", "xr0", 8, 1.0, 0.0, 1),
    *(Load("64 robots, 1 ms a batch", server, 8, 1.0, 0.0, 64) for server in ("xr0", "plain")),
    *(Load("64 robots, 6 ms and 2 ms a request", server, 8, 6.0, 2.0, 64) for server in ("xr0", "plain")),
    Load("the same, 936 more connected", "xr0", 8, 6.0, 2.0, 64, standing=936),
    Load("three times too many", "xr0", 8, 30.0, 10.0, 73),
    Load("three times too many", "xr0", 1, 30.0, 10.0, 73),
    Load("three times too many", "plain", 1, 30.0, 10.0, 73),
)


def measure(load: Load, seconds: float) -> dict[str, Any]:
    """A row of the report; CPU in seconds per second."""
    command = ("load.policy", load.server, *map(str, (load.batch, load.batch_ms, load.request_ms)))
    with launch.serving(f"the {load.server} server", command) as (url, pid):
        before = _clocks(pid)
        gc.freeze()
        seen = asyncio.run(fleet(url, load.robots, KIND, PIXELS, START_S + seconds, standing=load.standing))
        server_s, robots_s, all_s, passed_s = (float(each) for each in _clocks(pid) - before)
        peak_mb = _peak_mb(pid)
    first_s = min(each.robot.answers[0] for each in seen if each.robot.answers) + START_S
    return {
        **asdict(load),
        "of_capacity": round(load.of_capacity, 3),
        **figures.row(seen, first_s),
        "server_cpu": round(server_s / passed_s, 3),
        "robots_cpu": round(robots_s / passed_s, 3),
        "elsewhere_cpu": round((all_s - server_s - robots_s) / passed_s, 3),
        "server_peak_mb": round(peak_mb, 1),
    }


def quietest(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The one during which other programs took the least: chosen by them, not by what it says."""
    return min(rows, key=lambda row: row["elsewhere_cpu"])


def _clocks(pid: int) -> np.ndarray:
    """CPU seconds of a process, of this one and of all there are, and the time (proc(5))."""
    process = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    user, nice, system, _, _, irq, softirq = map(int, Path("/proc/stat").read_text("utf-8").split()[1:8])
    ticks = [int(process[11]) + int(process[12]), user + nice + system + irq + softirq]
    theirs_s, all_s = np.array(ticks) / os.sysconf("SC_CLK_TCK")
    return np.array([theirs_s, time.process_time(), all_s, time.monotonic()])


def _peak_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seconds", type=float, default=7.0, help="of each row, behind its start")
    parser.add_argument("--rounds", type=int, default=1, help="of each row the quietest of so many is kept")
    given = parser.parse_args()
    rounds = [[measure(load, given.seconds) for load in LOADS] for _ in range(given.rounds)]
    rows = [quietest(each) for each in zip(*rounds, strict=True)]
    lone_ms = rows[0]["overhead_ms"]["p50"]
    for row in rows:
        row["added_ms"] = {name: round(ms - lone_ms, 3) for name, ms in row["overhead_ms"].items()}
        print(row)
    found = {"seconds": given.seconds, "rounds": given.rounds, "pixels": PIXELS, "rows": rows}
    stamp = {"code": report.code(), "machine": report.machine(), "versions": report.versions()}
    report.write(given.out, {**found, **stamp, "date": report.now()})


if __name__ == "__main__":
    main()
