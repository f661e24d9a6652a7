"""Many robots and one policy on a simulated clock: which order keeps their plans from running out.

The scheduler is the served one; robots and policy are arithmetic. Writes results/fleet/scheduler.json,
scheduler.png and scheduler.md; the same numbers on any machine.

Usage: python runs/fleet_simulation.py [--seconds N] [--out FOLDER]
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import statistics
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from load.plan import DT, Kind, Robot

from xr0.serve.scheduler import Ask, Dropped, Scheduler
from xr0_robot import report

RESULTS = Path(__file__).resolve().parents[1] / "results" / "fleet"
BASE_S, PER_REQUEST_S, SPREAD = 0.006, 0.002, 0.1
"""An assumption: a batch of b takes (6 + 2 b) ms times a log-normal factor of this sigma."""

BATCH = 8
RETRY_S = 0.5
"""Until a robot that was not served asks again (`Deadlines.retry_s`)."""

OF_USE_S = 1.0
"""Behind the end of its plan a robot drops an answer (`Deadlines.max_lag_s`)."""

START_S = 5.0
"""In which all robots have connected, at random; nothing before twice that is counted."""

LOADS = (0.5, 0.9, 1.2, 3.0)
"""What all robots would need if none ever waited, as a share of what full batches can give."""


KINDS = (Kind(30, 10), Kind(16, 8), Kind(10, 6))
"""A third of the robots each: 20, 8 and 4 ticks are left when they ask."""


@dataclass(frozen=True)
class Order:
    """How the server chooses. told: whether it knows deadlines; without, requests go as they came."""

    name: str
    told: bool
    door: bool
    batch: int = BATCH


ORDERS = (
    Order("one at a time, as they came", told=False, door=False, batch=1),
    Order("batches, as they came", told=False, door=False),
    Order("batches, by deadline", told=True, door=False),
    Order("batches, by deadline, admission", told=True, door=True),
)


class World:
    """Robots around one policy, from event to event."""

    def __init__(self, order: Order, robots: int, seed: int) -> None:
        self.order = order
        self.rng = np.random.default_rng(seed)
        self.robots = [Robot(KINDS[k % len(KINDS)]) for k in range(robots)]
        self.scheduler = Scheduler(order.batch)
        if not order.door:
            self.scheduler.admission.admits = lambda *_: True  # type: ignore[method-assign]
        self.idle = True
        self.events: list[tuple[float, int, Callable[[float, Any], None], Any]] = []
        self.serial = itertools.count()

    def run(self, seconds: float) -> None:
        """From the first robot's connection on."""
        for k, start_s in enumerate(self.rng.uniform(0.0, START_S, len(self.robots))):
            self._later(float(start_s), self._ask, k)
        while self.events and self.events[0][0] < seconds:
            now_s, _, what, given = heapq.heappop(self.events)
            what(now_s, given)
            if self.idle:
                self._turn(now_s)

    def _later(self, at_s: float, what: Callable[[float, Any], None], given: Any) -> None:
        heapq.heappush(self.events, (at_s, next(self.serial), what, given))

    def _ask(self, now_s: float, k: int) -> None:
        robot = self.robots[k]
        robot.asked_s = now_s
        plan_s = max(0.0, robot.ends_s - now_s) if self.order.told else None
        ask = Ask(k, None, now_s, None, plan_s, OF_USE_S + max(0.0, robot.ends_s - now_s))
        self.scheduler.expect()
        self._give_up(now_s, self.scheduler.add(ask, now_s))

    def _give_up(self, now_s: float, dropped: tuple[Dropped, ...]) -> None:
        for each in dropped:
            self._later(now_s + RETRY_S, self._ask, each.ask.robot)

    def _turn(self, now_s: float) -> None:
        turn = self.scheduler.turn(now_s)
        self._give_up(now_s, turn.dropped)
        if turn.batch:
            self.idle = False
            factor = float(np.exp(SPREAD * self.rng.normal()))
            taken_s = factor * (BASE_S + PER_REQUEST_S * len(turn.batch))
            self._later(now_s + taken_s, self._done, (turn.batch, taken_s))

    def _done(self, now_s: float, given: tuple[tuple[Ask, ...], float]) -> None:
        batch, taken_s = given
        self.scheduler.done(batch, taken_s)
        self.idle = True
        for ask in batch:
            k = int(str(ask.robot))
            self._later(self.robots[k].answered(now_s), self._ask, k)


def capacity() -> float:
    """Robots that a policy which is never idle could answer as often as they ask, in full batches."""
    often_hz = statistics.mean(1 / (kind.execute * DT) for kind in KINDS)
    return BATCH / (BASE_S + PER_REQUEST_S * BATCH) / often_hz


def measure(order: Order, load: float, seconds: float) -> dict[str, Any]:
    """A row of the table: of the robots that were served at all, behind the start."""
    count = round(load * capacity())
    world = World(order, count, seed=0)
    world.run(seconds)
    first_s = 2 * START_S
    served = [robot for robot in world.robots if any(at > first_s for at in robot.answers)]
    dry_s = [sum(max(0.0, end - max(start, first_s)) for start, end in robot.dry) for robot in served]
    pace = [_pace(robot, first_s, seconds) for robot in served]
    return {
        "order": order.name,
        "load": load,
        "robots": count,
        "served": len(served),
        "ran_dry": sum(dry > 0 for dry in dry_s) / len(served),
        "idle_share": sum(dry_s) / (len(served) * (seconds - first_s)),
        "least_share_of_pace": min(pace),
    }


def _pace(robot: Robot, first_s: float, seconds: float) -> float:
    """Answers in which it could execute as many ticks as it wants of each, by how many would fill the time
    that it has been served."""
    since_s = max(first_s, robot.answers[0])
    return sum(at > since_s for at in robot.answers) * robot.kind.execute * DT / (seconds - since_s)


def table(found: dict[str, Any]) -> Iterator[str]:
    """Markdown."""
    rows = found["rows"]
    yield (
        "| of the robots that are served: ran dry, time idle, pace of the slowest | "
        + " | ".join(
            f"load {load:.0%}, {next(r['robots'] for r in rows if r['load'] == load)} robots"
            for load in LOADS
        )
        + " |"
    )
    yield "|---|" + "---|" * len(LOADS)
    for order in ORDERS:
        cells = [row for row in rows if row["order"] == order.name]
        told = [
            f"{row['served']} served: {row['ran_dry']:.0%}, {row['idle_share']:.1%}, "
            f"{row['least_share_of_pace']:.0%}"
            for row in cells
        ]
        yield f"| {order.name} | " + " | ".join(told) + " |"


def picture(found: dict[str, Any], path: Path) -> None:
    """Who ran dry, and for how long, by load."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    for order in ORDERS:
        rows = [row for row in found["rows"] if row["order"] == order.name]
        for axis, key in zip(axes, ("ran_dry", "idle_share"), strict=True):
            axis.plot([100 * r["load"] for r in rows], [100 * r[key] for r in rows], "o-", label=order.name)
    for axis, title in zip(axes, ("robots that ran dry [%]", "time without a plan [%]"), strict=True):
        axis.set_title(title)
        axis.set_xlabel("load [%]")
    axes[0].legend(fontsize="small")
    figure.savefig(path, dpi=90)


def main() -> None:
    """Simulate, write, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="simulated, of each row")
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    found = {
        "assumed": {"base_s": BASE_S, "per_request_s": PER_REQUEST_S, "sigma": SPREAD, "batch": BATCH},
        "kinds": [asdict(kind) for kind in KINDS],
        "seconds": given.seconds,
        "rows": [measure(order, load, given.seconds) for load in LOADS for order in ORDERS],
        "versions": report.versions(),
        "code": report.code(),
    }
    report.write(given.out / "scheduler.json", found)
    text = "\n".join(table(found))
    (given.out / "scheduler.md").write_text(text + "\n", encoding="utf-8")
    picture(found, given.out / "scheduler.png")
    print(text)


if __name__ == "__main__":
    main()
