"""How often the towel table's expert succeeds, and how long it takes. Nothing is rendered."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from xr0_robot import report
from xr0_robot.sims.towels.env import Options, TowelTable
from xr0_robot.sims.towels.expert import Expert
from xr0_robot.sims.towels.hands import truth
from xr0_robot.sims.towels.variants import VARIANTS
from xr0_robot.sims.towels.world import SETTLE_S, TIME_LIMIT_S


def run(
    table: TowelTable, seed: int, through: Callable[[np.ndarray], np.ndarray] = np.asarray
) -> dict[str, Any]:
    """The expert's episode, a JSON-able row. through: what each command passes on its way, as limits."""
    table.reset(seed)
    expert = Expert(table)
    ticks, settle = table.embodiment.ticks(TIME_LIMIT_S), table.embodiment.ticks(SETTLE_S)
    done = 0
    while table.tick < ticks and done <= settle:
        table.apply(through(table.bring(expert.act(truth(table)))))
        done = done + 1 if table.success() else 0
    success = done > settle
    return {
        "seed": seed,
        "towel": table.towel.name,
        "stacked": len(table.stack.towels),
        "success": success,
        "time_s": round((table.tick - settle) * table.embodiment.dt, 2) if success else None,
        "lays": expert.count["lay"],
        "picks": expert.count["pick"],
        "slips": sum(pinch.slipped for pinch in table.pinches.values()),
        "phase": expert.phase,
    }


def summary(options: Options, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Of some seeds' rows, under the same options."""
    times = [row["time_s"] for row in rows if row["success"]]
    return {
        **asdict(options),
        "first_seed": rows[0]["seed"],
        "episodes": len(rows),
        "successes": len(times),
        "success_rate": len(times) / len(rows),
        "median_time_s": float(np.median(times)) if times else None,
        "max_time_s": max(times) if times else None,
        "failed_seeds": [row["seed"] for row in rows if not row["success"]],
    }


def main() -> None:
    """Measure the expert: ordinary starts, or random ones, or with the towel snatched away once."""
    parser = argparse.ArgumentParser(prog="python -m xr0_robot.sims.towels.measure", description=main.__doc__)
    parser.add_argument("--episodes", type=int, default=200)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--random-start", action="store_true")
    parser.add_argument("--perturb", action="store_true")
    parser.add_argument("--json", type=Path, help="where to write the summary and each episode's row")
    args = parser.parse_args()
    if args.episodes < 1:
        parser.error(f"--episodes: got {args.episodes}, expected at least 1")
    table = TowelTable(VARIANTS["trained"])
    table.options = Options(random_start=args.random_start, perturb=args.perturb)
    about = {"machine": report.machine(), "versions": report.versions(), "code": report.code()}
    rows: list[dict[str, Any]] = []
    for seed in range(args.first_seed, args.first_seed + args.episodes):
        rows.append(run(table, seed))
        print(rows[-1], flush=True)
        if args.json is not None:
            report.write(args.json, {**about, "summary": summary(table.options, rows), "episodes": rows})
    print(summary(table.options, rows))


if __name__ == "__main__":
    main()
