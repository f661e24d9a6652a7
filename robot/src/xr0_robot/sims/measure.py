"""How often a world's scripted expert succeeds, and how long it takes. Nothing is rendered."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xr0_robot import report
from xr0_robot.sims.benchmark import Act
from xr0_robot.sims.world import World, begin, open_world
from xr0_robot.worlds import DEFAULT, TRAINED, WORLDS


def run(world: World, seed: int, expert: Callable[[], Act]) -> dict[str, Any]:
    """The expert's episode, a JSON-able row. expert: begins its work once the seed's scene is laid."""
    env = world.env
    instruction = env.reset(seed)
    act, held, ticks = expert(), 0, 0
    settle, limit = env.embodiment.ticks(world.settle_s), env.embodiment.ticks(world.time_limit_s)
    while held <= settle and ticks < limit:
        env.apply(act())
        ticks += 1
        held = held + 1 if env.success() else 0
    success = held > settle
    return {
        "seed": seed,
        "instruction": instruction,
        "success": success,
        "time_s": round((ticks - settle) * env.embodiment.dt, 3) if success else None,
        "code": report.code(),
    }


def summarize(settings: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The content of a results file: what so many rows come to."""
    times = [row["time_s"] for row in rows if row["success"]]
    return {
        "settings": dict(settings),
        "episodes": len(rows),
        "successes": len(times),
        "success_rate": len(times) / len(rows),
        "ci95": list(report.wilson(len(times), len(rows))),
        "median_time_s": float(np.median(times)) if times else None,
        "max_time_s": max(times) if times else None,
        "failed_seeds": [row["seed"] for row in rows if not row["success"]],
        "machine": report.machine(),
        "versions": report.versions(),
        "date": report.now(),
        "rows": list(rows),
    }


def kept(path: Path, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows on file that need not be run again; ValueError where they are of other settings."""
    if not path.exists():
        return []
    content = json.loads(path.read_text(encoding="utf-8"))
    there = content.get("settings") if isinstance(content, dict) else None
    if there != dict(settings):
        raise ValueError(
            f"{path}: holds results of {there}, expected a new file, or results of {dict(settings)}"
        )
    return content["rows"]


def main() -> None:
    """Measure a world's expert, and write after every episode; stopped, it goes on where it was."""
    parser = argparse.ArgumentParser(prog="python -m xr0_robot.sims.measure", description=main.__doc__)
    parser.add_argument("--world", choices=WORLDS, default=DEFAULT)
    parser.add_argument("--variant", default=TRAINED, help="of the world (xr0_robot.worlds)")
    parser.add_argument("--episodes", type=int, default=200)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--json", type=Path, required=True, help="results; a run goes on from them")
    args = parser.parse_args()
    if args.episodes < 1:
        parser.error(f"--episodes: got {args.episodes}, expected at least 1")
    settings = {"world": args.world, "variant": args.variant, "first_seed": args.first_seed}
    try:
        world = open_world(args.world, args.variant)
        rows = kept(args.json, settings)
    except (ValueError, RuntimeError) as error:
        parser.error(str(error))
    for seed in range(args.first_seed + len(rows), args.first_seed + args.episodes):
        rows.append(run(world, seed, lambda: begin(args.world, world.env)))
        found = summarize(settings, rows)
        report.write(args.json, found)
        print(f"{len(rows)} of {args.episodes}: {found['successes']} done; {rows[-1]}", flush=True)
    world.env.close()


if __name__ == "__main__":
    main()
