"""The real server under load, and the plainest server beside it.

The server is a process of its own; all robots are in this one. What both take is told in CPU seconds, and the
plain server under the same robots shows what clients, sockets and frames cost without any queue.

Usage: python -m load.measure OUT.json [SECONDS]
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
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

SECONDS = 7.0
"""Of each row, behind its start."""

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
    *(Load("64 robots, 1 ms a batch", server, 8, 1.0, 0.0, 64) for server in ("xr0", "plain")),
    *(Load("64 robots, 6 ms and 2 ms a request", server, 8, 6.0, 2.0, 64) for server in ("xr0", "plain")),
    Load("the same, 936 more connected", "xr0", 8, 6.0, 2.0, 64, standing=936),
    Load("three times too many", "xr0", 8, 30.0, 10.0, 73),
    Load("three times too many", "xr0", 1, 30.0, 10.0, 73),
    Load("three times too many", "plain", 1, 30.0, 10.0, 73),
)


def measure(load: Load, seconds: float, lone_s: float) -> dict[str, Any]:
    """A row of the report."""
    command = ("load.policy", load.server, *map(str, (load.batch, load.batch_ms, load.request_ms)))
    with launch.serving(f"the {load.server} server", command) as (url, pid):
        before = _clocks(pid)
        gc.freeze()
        seen = asyncio.run(fleet(url, load.robots, KIND, PIXELS, START_S + seconds, standing=load.standing))
        server_s, robots_s, all_s, passed_s = _clocks(pid) - before
        peak_mb = _peak_mb(pid)
    first_s = min(each.robot.answers[0] for each in seen if each.robot.answers) + START_S
    return {
        **asdict(load),
        "of_capacity": round(load.of_capacity, 3),
        **figures.row(seen, first_s, lone_s),
        "server_cpu": round(server_s / passed_s, 3),
        "robots_cpu": round(robots_s / passed_s, 3),
        "elsewhere_cpu": round((all_s - server_s - robots_s) / passed_s, 3),
        "server_peak_mb": round(peak_mb, 1),
    }


def lone(seconds: float) -> float:
    """Of one robot on an idle server: round trip less compute, its median in seconds."""
    with launch.serving("the server", ("load.policy", "xr0", "8", "1.0", "0.0")) as (url, _):
        seen = asyncio.run(fleet(url, 1, KIND, PIXELS, START_S + seconds))
    return figures.overhead_s(seen, seen[0].robot.answers[0] + START_S)


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


def main(out: Path, seconds: float, loads: Sequence[Load] = LOADS) -> None:
    """Measure, write, print."""
    lone_s = lone(seconds)
    found: dict[str, Any] = {
        "seconds": seconds,
        "pixels": PIXELS,
        "lone_ms": round(1e3 * lone_s, 3),
        "rows": [],
    }
    for load in loads:
        found["rows"].append(measure(load, seconds, lone_s))
        print(found["rows"][-1], flush=True)
    stamp = {"code": report.code(), "machine": report.machine(), "versions": report.versions()}
    report.write(out, {**found, **stamp, "date": report.now()})


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else SECONDS)
