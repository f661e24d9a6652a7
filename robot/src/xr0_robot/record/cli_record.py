"""The `record` subcommand: demonstrations of a simulated world, as data to train on."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from xr0_robot.worlds import BENCHMARKS, DEFAULT, OFFICIAL, WORLDS


def add_arguments(parser: ArgumentParser) -> None:
    """Its command line."""
    parser.add_argument("out", type=Path, help="new folder for the LeRobot v3.0 dataset")
    parser.add_argument("--world", choices=(*WORLDS, *BENCHMARKS), default=DEFAULT)
    parser.add_argument(
        "--episodes", type=int, default=1000, help="seeds to attempt; of a benchmark, to keep of each task"
    )
    parser.add_argument(
        "--first-seed", type=int, default=None, help="the first of them; 0, or the benchmark's, otherwise"
    )
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument(
        "--tasks", nargs="*", default=(), help="of a benchmark: tasks or groups; all otherwise"
    )
    parser.add_argument("--pixels", type=int, default=None, help="of a benchmark: sides of its pictures")
    parser.add_argument("--look", default=OFFICIAL, help="of a benchmark's pictures")


def run(arguments: Namespace) -> int:
    """Record, and say what was kept; returns the process's exit status."""
    from xr0_robot.record.demos import record_demos
    from xr0_robot.sims.benchmark import open_protocol
    from xr0_robot.sims.demonstrations import Tasks

    out: Path = arguments.out
    tasks = Tasks(tuple(arguments.tasks), arguments.pixels, arguments.look)
    if arguments.world not in BENCHMARKS and tasks != Tasks():
        raise ValueError(f"record: got {tasks} for the world {arguments.world}, which is no benchmark")
    of_benchmark = arguments.world in BENCHMARKS
    first: int | None = arguments.first_seed
    if first is None:
        first = open_protocol(arguments.world).first_demo if of_benchmark else 0
    how = (arguments.episodes, first, arguments.workers)
    demos = record_demos(arguments.world, out, *how, tasks if of_benchmark else None)
    failed = [demo.name for demo in demos if not demo.success and demo.error is None]
    kept = [demo for demo in demos if demo.success]
    frames = sum(demo.ticks for demo in kept)
    print(
        f"{out}: {len(kept)} episodes, {frames} frames; "
        f"the expert failed on {len(failed)} seeds [{', '.join(failed)}]"
    )
    for demo in demos:
        if demo.error is not None:
            print(f"seed {demo.name} was dropped: {demo.error}")
    return 0
