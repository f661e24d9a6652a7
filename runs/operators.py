"""How many robots one person can look after: how often robots need one, and a queue before that person.

A robot works until a piece fails, calls, waits until the person has helped those that called before, is
helped for 15 s, and works on. How often it fails is from results/tiny: failures by hours of robot time.
Writes results/fleet/operators.json and operators.png and the tables of docs/fleet.md; the same numbers on any
machine.

Usage: python runs/operators.py [--hours N]
"""

from __future__ import annotations

import argparse
import heapq
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import readme

from xr0_robot import report

ROOT = Path(__file__).resolve().parents[1]
TINY, RESULTS = ROOT / "results" / "tiny", ROOT / "results" / "fleet"

DOCS = ROOT / "docs" / "fleet.md"
START, END = "<!-- results/fleet: written by runs/operators.py -->", "<!-- end -->"

HELP_S = 15.0
"""An assumption: what one intervention takes, with finding the robot and looking."""

MOST_WAITING = 0.05
"""Of a robot's time, in the line for the person; beyond that one person is too few."""

FLEETS = (10, 100, 1000)

RATE_HZ = 30.0
"""Of the brick table's control ticks."""

CONDITIONS = {
    "trained_async_100ms": "as in training",
    "sentences_async_100ms": "unseen sentences",
    "moved_async_100ms": "the brick is moved on approach",
    "moved_async_200ms": "the same, 200 ms a chunk",
    "six_async_100ms": "six bricks",
    "camera_async_100ms": "displaced cameras",
    "light_async_100ms": "unseen light",
}


@dataclass(frozen=True)
class Need:
    """How often a robot at work needs a person: failures, hours of robot time in which they came, failures
    per hour and their 95 % interval (Wilson's of the success rate)."""

    failures: int
    episodes: int
    robot_hours: float
    per_hour: float
    low: float
    high: float


def need(result: dict[str, Any]) -> Need:
    """From a result of `xr0 eval`. A piece that failed has taken all of its time limit."""
    hours = sum(row["ticks"] for row in result["rows"]) / RATE_HZ / 3600
    failures, episodes = result["episodes"] - result["successes"], result["episodes"]
    low, high = (episodes * (1 - bound) / hours for bound in reversed(result["ci95"]))
    return Need(failures, episodes, hours, failures / hours, low, high)


@dataclass(frozen=True)
class Shares:
    """Of the time of all robots: in the line, being helped; of the person's time: helping. waits_s: in the
    line, of each call that was answered."""

    waiting: float
    helped: float
    busy: float
    waits_s: np.ndarray


def simulate(robots: int, per_hour: float, hours: float, seed: int = 0) -> Shares:
    """From event to event, first come, first served. All begin at work."""
    rng = np.random.default_rng(seed)
    until_s, mean_s = 3600 * hours, 3600 / per_hour
    calls = list(rng.exponential(mean_s, robots))  # the next of each robot, in order
    heapq.heapify(calls)
    free_s, waiting_s, helped_s = 0.0, 0.0, 0.0
    waits_s: list[float] = []
    while calls[0] < until_s:
        call_s = heapq.heappop(calls)
        begin_s = max(call_s, free_s)
        free_s = begin_s + HELP_S
        waiting_s += min(begin_s, until_s) - call_s
        helped_s += max(0.0, min(free_s, until_s) - begin_s)
        if begin_s < until_s:
            waits_s.append(begin_s - call_s)
        heapq.heappush(calls, free_s + rng.exponential(mean_s))
    all_s = robots * until_s
    return Shares(waiting_s / all_s, helped_s / all_s, helped_s / until_s, np.array(waits_s))


def waiting(robots: int, per_hour: float) -> float:
    """The share that `simulate` comes to in the long run, exactly: a finite source queue, M/D/1//N.

    Seen whenever an intervention ends, the number k in the line is a Markov chain: during the next one each
    robot at work calls with probability 1 - exp(-rate HELP_S). Where k = 0 the person first waits for a call.
    How long a robot is in the line follows from how many interventions there are in an hour (Little's law).
    """
    rate = per_hour / 3600
    calls = 1.0 - np.exp(-rate * HELP_S)
    chain = np.zeros((robots, robots))
    for k in range(robots):
        left = max(k - 1, 0)
        at_work = robots - max(k, 1)
        chain[k, left : left + at_work + 1] = _binomial(at_work, calls)
    balance = np.vstack([chain.T - np.eye(robots), np.ones(robots)])
    never = float(np.linalg.lstsq(balance, np.append(np.zeros(robots), 1.0), rcond=None)[0][0])
    per_s = 1.0 / (HELP_S + max(never, 0.0) / (robots * rate))
    in_line_s = robots / per_s - 1 / rate - HELP_S
    return max(0.0, in_line_s) * per_s / robots


def _binomial(count: int, chance: float) -> np.ndarray:
    """[count + 1]: of 0, 1, ... count successes."""
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, count + 1)))])
    k = np.arange(count + 1)
    return np.exp(logs[-1] - logs - logs[::-1] + k * np.log(chance) + (count - k) * np.log1p(-chance))


def most_robots(per_hour: float) -> int:
    """The most that one person keeps below MOST_WAITING; at least one, which never waits."""
    low, high = 1, 2
    while waiting(high, per_hour) <= MOST_WAITING:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if waiting(middle, per_hour) <= MOST_WAITING else (low, middle)
    return low


def most_often(robots: int) -> float:
    """Interventions per hour and robot at which so many wait for MOST_WAITING of their time."""
    low, high = 1e-3, 3600 / HELP_S
    for _ in range(40):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if waiting(robots, middle) <= MOST_WAITING else (low, middle)
    return low


def measure(name: str, hours: float) -> dict[str, Any]:
    """A row of the table."""
    found = need(json.loads((TINY / f"{name}.json").read_text(encoding="utf-8")))
    fleets = {}
    for robots in FLEETS:
        shares = simulate(robots, found.per_hour, hours)
        fleets[robots] = {
            "waiting": shares.waiting,
            "helped": shares.helped,
            "person_busy": shares.busy,
            "wait_s": dict(zip(("p50", "p95"), np.percentile(shares.waits_s, [50, 95]), strict=True)),
        }
    return {
        "condition": name,
        **asdict(found),
        "robots": most_robots(found.per_hour),
        "robots_low": most_robots(found.high),
        "robots_high": most_robots(found.low),
        "fleets": fleets,
    }


def table(found: dict[str, Any]) -> Iterator[str]:
    """Markdown."""
    heads = [
        "condition",
        "failures",
        "robot time",
        "an hour (95 %)",
        "robots one person can look after (95 %)",
    ]
    heads += [f"{robots:,} robots wait" for robots in FLEETS]
    yield "| " + " | ".join(heads) + " |"
    yield "|---" * len(heads) + "|"
    for row in found["rows"]:
        shares = [f"{row['fleets'][robots]['waiting']:.1%}" for robots in FLEETS]
        cells = [
            CONDITIONS[row["condition"]],
            f"{row['failures']} of {row['episodes']}",
            f"{60 * row['robot_hours']:.1f} min",
            f"{row['per_hour']:.1f} ({row['low']:.1f} to {row['high']:.1f})",
            f"**{row['robots']}** ({row['robots_low']} to {row['robots_high']})",
            *shares,
        ]
        yield "| " + " | ".join(cells) + " |"
    yield ""
    yield "| robots | may fail so often, an hour each | that is once in |"
    yield "|---|---|---|"
    for robots, often in found["most_often"].items():
        yield f"| {int(robots):,} | {often:.2f} | {60 / often:,.0f} min |"


TICKS = (1, 3, 10, 30, 100, 300)
"""Of the plot's axis."""


def picture(found: dict[str, Any], path: Path) -> None:
    """Waiting by the number of robots."""
    figure, axis = plt.subplots(figsize=(8.6, 3.6), layout="constrained")
    counts = np.unique(np.geomspace(1, 300, 40).astype(int))
    for row in found["rows"]:
        shares = [100 * waiting(int(count), row["per_hour"]) for count in counts]
        axis.plot(counts, shares, label=f"{CONDITIONS[row['condition']]}: {row['per_hour']:.0f} an hour")
    axis.axhline(100 * MOST_WAITING, color="black", linewidth=0.7, linestyle="dotted")
    axis.set(xscale="log", xlabel="robots", ylabel="a robot's time in the line [%]")
    axis.set_xticks(TICKS, [str(tick) for tick in TICKS])
    axis.annotate(f"{MOST_WAITING:.0%}", (1, 100 * MOST_WAITING + 1), fontsize="small")
    figure.legend(loc="outside right upper", fontsize="small", title="failures, per robot")
    figure.savefig(path, dpi=90)


def main() -> None:
    """Simulate, write, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=200.0, help="simulated, of each fleet")
    given = parser.parse_args()
    found = {
        "assumed": {"help_s": HELP_S, "most_waiting": MOST_WAITING, "hours": given.hours},
        "rows": [measure(name, given.hours) for name in CONDITIONS],
        "most_often": {robots: most_often(robots) for robots in FLEETS},
        "versions": report.versions(),
        "code": report.code(),
    }
    report.write(RESULTS / "operators.json", found)
    picture(found, RESULTS / "operators.png")
    readme.put(DOCS, START, END, list(table(found)))
    print(*table(found), sep="\n")


if __name__ == "__main__":
    main()
