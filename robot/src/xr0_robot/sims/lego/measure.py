"""How often the Lego table's expert succeeds, and how long it takes. Nothing is rendered."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import mujoco
import numpy as np

from xr0_robot import report
from xr0_robot.sims.lego.env import LegoTable
from xr0_robot.sims.lego.expert import Expert
from xr0_robot.sims.lego.variants import VARIANTS
from xr0_robot.worlds import TRAINED

SECONDS_PER_BRICK = 7.0
"""An episode that takes longer has failed."""


def run(table: LegoTable, seed: int) -> dict[str, Any]:
    """One episode of the expert, as a JSON-able row."""
    table.reset(seed)
    expert, success = Expert(table), False
    while not success and table.tick < table.embodiment.ticks(SECONDS_PER_BRICK * table.count):
        table.apply(table.bring(expert.act()))
        success = table.success()
    return {
        "seed": seed,
        "success": success,
        "time_s": round(table.tick * table.embodiment.dt, 2),
        "bricks": table.sorted_bricks(),
        "asked": sum(map(table.task.wants, table.colours)),
    }


def main() -> None:
    """Measure the expert, episode by episode."""
    parser = argparse.ArgumentParser(prog="python -m xr0_robot.sims.lego.measure", description=main.__doc__)
    parser.add_argument("--variant", choices=VARIANTS, default=TRAINED)
    parser.add_argument("--episodes", type=int, default=200)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument(
        "--json", type=Path, required=True, help="where to write the rows, after each episode"
    )
    args = parser.parse_args()
    if args.episodes < 1:
        parser.error(f"--episodes: got {args.episodes}, expected at least 1")
    table, rows = LegoTable(VARIANTS[args.variant]), []
    about = {"mujoco": mujoco.__version__, "machine": report.machine(), "code": report.code()}
    for seed in range(args.first_seed, args.first_seed + args.episodes):
        rows.append(run(table, seed))
        solved = [row["time_s"] for row in rows if row["success"]]
        found = {
            "variant": args.variant,
            "episodes": len(rows),
            "successes": len(solved),
            "success_rate": len(solved) / len(rows),
            "ci95": list(report.wilson(len(solved), len(rows))),
            "median_time_s": float(np.median(solved)) if solved else None,
        }
        report.write(args.json, {**about, "date": report.now(), **found, "rows": rows})
        print(f"{len(rows)} of {args.episodes}: {len(solved)} solved, {rows[-1]}", flush=True)


if __name__ == "__main__":
    main()
