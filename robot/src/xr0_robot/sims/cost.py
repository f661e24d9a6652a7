"""What a second of the robot's time costs in a world, by part: CPU seconds of one process."""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any, TypeVar

from xr0_robot import report
from xr0_robot.sims.world import open_demonstrator
from xr0_robot.worlds import DEFAULT, WORLDS

T = TypeVar("T")


def measure(world: str, seeds: range, seconds: float) -> dict[str, Any]:
    """The demonstrator's first `seconds` of each seed; CPU seconds per second of robot time, by part, without
    writing anything. reset_cpu_s: once per episode."""
    demonstrator, spent = open_demonstrator(world), defaultdict[str, float](float)
    env = demonstrator.env
    cameras = [camera.key for camera in env.embodiment.cameras]

    def timed(part: str, work: Callable[[], T]) -> T:
        begun = process_time()
        result = work()
        spent[part] += process_time() - begun
        return result

    ticks = env.embodiment.ticks(seconds)
    env.observe("the first picture opens OpenGL", 0.0)
    for seed in seeds:
        instruction, _ = timed("reset", lambda seed=seed: demonstrator.begin(seed))
        for _ in range(ticks):
            timed("cameras", lambda instruction=instruction: env.observe(instruction, 0.0))
            command = timed("expert", demonstrator.act)
            disturbed = command + demonstrator.disturbance()
            timed("physics and arms", lambda disturbed=disturbed: env.apply(disturbed))
    env.close()
    reset, robot_s = spent.pop("reset"), len(seeds) * ticks * env.embodiment.dt
    per_second = {part: round(total / robot_s, 4) for part, total in spent.items()}
    total = sum(spent.values()) / robot_s
    return {
        "world": world,
        "first_seed": seeds.start,
        "episodes": len(seeds),
        "robot_s": round(robot_s, 1),
        "cameras": cameras,
        "cpu_s_per_robot_s": per_second | {"all": round(total, 4)},
        "times_real_time": round(1 / total, 2),
        "reset_cpu_s": round(reset / len(seeds), 3),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m xr0_robot.sims.cost", description=measure.__doc__)
    parser.add_argument("--world", choices=WORLDS, default=DEFAULT)
    parser.add_argument("--episodes", type=int, default=6)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=15.0, help="of each episode")
    parser.add_argument("--json", type=Path, help="where to write them")
    args = parser.parse_args()
    found = measure(args.world, range(args.first_seed, args.first_seed + args.episodes), args.seconds)
    print(found)
    if args.json is not None:
        about = {"machine": report.machine(), "versions": report.versions(), "code": report.code()}
        report.write(args.json, {**about, "date": report.now(), **found})


if __name__ == "__main__":
    main()
