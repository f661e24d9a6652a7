"""What a second of the robot's time costs at the towel table, by part: CPU seconds of one process."""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any, TypeVar

from xr0_robot import report
from xr0_robot.sims.towels.cloth import GRID
from xr0_robot.sims.towels.env import SUBSTEPS, TowelTable
from xr0_robot.sims.towels.expert import Expert
from xr0_robot.sims.towels.hands import truth
from xr0_robot.sims.towels.variants import VARIANTS

T = TypeVar("T")


def measure(seeds: range, seconds: float) -> dict[str, Any]:
    """The expert's first `seconds` of each seed; CPU seconds per second of robot time, by part."""
    table, spent = TowelTable(VARIANTS["trained"]), defaultdict[str, float](float)

    def timed(part: str, work: Callable[[], T]) -> T:
        begun = process_time()
        result = work()
        spent[part] += process_time() - begun
        return result

    ticks = table.embodiment.ticks(seconds)
    for camera in table.embodiment.cameras:
        table.render(camera.key, *camera.size)  # the first picture opens OpenGL
    for seed in seeds:
        timed("throw", lambda seed=seed: table.reset(seed))
        expert = Expert(table)
        for _ in range(ticks):
            for camera in table.embodiment.cameras:
                timed(f"camera {camera.key}", lambda camera=camera: table.render(camera.key, *camera.size))
            command = timed("expert", lambda expert=expert: table.bring(expert.act(truth(table))))
            timed("physics and arms", lambda command=command: table.apply(command))
    table.close()
    thrown, robot_s = spent.pop("throw"), len(seeds) * ticks * table.embodiment.dt
    per_second = {part: round(total / robot_s, 4) for part, total in spent.items()}
    total = sum(spent.values()) / robot_s
    return {
        "first_seed": seeds.start,
        "episodes": len(seeds),
        "robot_s": round(robot_s, 1),
        "grid": GRID,
        "substeps": SUBSTEPS,
        "cpu_s_per_robot_s": per_second | {"all": round(total, 4)},
        "times_real_time": round(1 / total, 2),
        "throw_cpu_s": round(thrown / len(seeds), 3),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m xr0_robot.sims.towels.cost", description=measure.__doc__)
    parser.add_argument("--episodes", type=int, default=6)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=15.0, help="of each episode")
    parser.add_argument("--json", type=Path, help="where to write them")
    args = parser.parse_args()
    found = measure(range(args.first_seed, args.first_seed + args.episodes), args.seconds)
    print(found)
    if args.json is not None:
        about = {"machine": report.machine(), "versions": report.versions(), "code": report.code()}
        report.write(args.json, about | found)


if __name__ == "__main__":
    main()
