"""How often a brick table's expert succeeds, and how long it takes. Nothing is rendered."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any

import mujoco
import numpy as np

from xr0_robot.sims.brick_table.env import BrickTable, Options
from xr0_robot.sims.brick_table.expert import Expert, truth
from xr0_robot.sims.world import open_demonstrator
from xr0_robot.worlds import DEFAULT

TIMEOUT_S = 8.0
"""An episode that takes longer has failed."""


def run(table: BrickTable, seed: int) -> float | None:
    """Seconds in which the expert solves the seed's episode, None if not in time."""
    table.reset(seed)
    expert = Expert(table)
    for _ in range(table.embodiment.ticks(TIMEOUT_S)):
        table.apply(table.bring(expert.act(truth(table))))
        if table.success():
            return table.tick * table.embodiment.dt
    return None


def measure(table: BrickTable, options: Options, seeds: range) -> dict[str, Any]:
    """Success and time over `seeds`, as a JSON-able row."""
    table.options = options
    times = {seed: run(table, seed) for seed in seeds}
    solved = [time for time in times.values() if time is not None]
    return {
        **asdict(options),
        "first_seed": seeds.start,
        "episodes": len(seeds),
        "successes": len(solved),
        "success_rate": len(solved) / len(seeds),
        "median_time_s": round(float(np.median(solved)), 3) if solved else None,
        "max_time_s": round(max(solved), 3) if solved else None,
        "failed_seeds": [seed for seed, time in times.items() if time is None],
    }


def main() -> None:
    """Measure the expert, from ordinary and random starts, undisturbed and perturbed."""
    parser = argparse.ArgumentParser(
        prog="python -m xr0_robot.sims.brick_table.measure", description=main.__doc__
    )
    parser.add_argument("--world", default=DEFAULT, help="a brick table")
    parser.add_argument("--episodes", type=int, default=500, help="of each of the four kinds")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="where to write the rows")
    args = parser.parse_args()
    if args.episodes < 1:
        parser.error(f"--episodes: got {args.episodes}, expected at least 1")
    table = open_demonstrator(args.world).env
    if not isinstance(table, BrickTable):
        parser.error(f"--world: got {args.world}, expected a brick table")
    rows = []
    for random_start, perturb in product((False, True), repeat=2):
        options = Options(random_start=random_start, perturb=perturb)
        rows.append(measure(table, options, range(args.first_seed, args.first_seed + args.episodes)))
        print(json.dumps(rows[-1]))
    if args.json is not None:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps({"mujoco": mujoco.__version__, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
