"""The `board` subcommand: a benchmark's tasks against a policy server, inside the simulator's environment."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from xr0_robot import wire
from xr0_robot.modes import MODES
from xr0_robot.worlds import BENCHMARKS, OFFICIAL, PUBLISHED


def add_arguments(parser: ArgumentParser) -> None:
    """Its command line."""
    parser.add_argument("benchmark", choices=(*BENCHMARKS, *PUBLISHED.values()))
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--url", help="policy server")
    who.add_argument("--expert", action="store_true", help="the benchmark's scripted experts instead")
    parser.add_argument("--api-key", default=None, help="what the server asks for, if it does")
    parser.add_argument(
        "--tasks", nargs="*", default=(), help="tasks, groups or sets; the published table's if none"
    )
    parser.add_argument(
        "--episodes", type=int, default=None, help="of each task; the protocol's number otherwise"
    )
    parser.add_argument("--first-seed", type=int, default=None, help="the protocol's otherwise")
    parser.add_argument("--mode", choices=MODES, default="sync")
    parser.add_argument("--clock", choices=("wall", "virtual"), default="virtual")
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--jitter", default="steady")
    parser.add_argument("--execute-horizon", type=int, default=None, help="the protocol's otherwise")
    parser.add_argument("--look", default=OFFICIAL, help="how pictures are drawn")
    parser.add_argument("--workers", type=int, default=2, help="simulator processes")
    parser.add_argument(
        "--films", type=Path, default=None, help="folder for a film of each task's first episode"
    )
    parser.add_argument(
        "--json", type=Path, required=True, metavar="OUT", help="results; a run goes on from them"
    )


def run(arguments: Namespace) -> int:
    """Run the board, print its table and write it beside the results; 1 if not every episode ran."""
    from xr0_robot.bench.board import results
    from xr0_robot.bench.board.run import board
    from xr0_robot.bench.board.settings import Settings
    from xr0_robot.bench.board.worker import Work
    from xr0_robot.client import Client
    from xr0_robot.sims.benchmark import open_protocol

    protocol = open_protocol(arguments.benchmark)
    served = None
    if not arguments.expert:
        with Client(arguments.url, api_key=arguments.api_key) as policy:
            served = policy.metadata.get(wire.CHECKPOINT)
    settings = Settings(
        mode=arguments.mode,
        clock=arguments.clock,
        latency_ms=arguments.latency_ms,
        jitter=arguments.jitter,
        execute_horizon=_or(arguments.execute_horizon, protocol.execute_horizon),
        benchmark=arguments.benchmark,
        tasks=tuple(arguments.tasks),
        episodes=_or(arguments.episodes, protocol.episodes),
        first_seed=_or(arguments.first_seed, protocol.first_seed),
        look=arguments.look,
        checkpoint=served,
    )
    work = Work(settings, arguments.url, arguments.api_key, arguments.films, arguments.json.with_suffix(""))
    summary = board(work, arguments.json, arguments.workers)
    table = results.table(summary)
    arguments.json.with_suffix(".md").write_text(table + "\n", encoding="utf-8")
    print(table)
    for problem in (*summary["errors"], *(f"{missing}: did not run" for missing in summary["missing"])):
        print(problem)
    return 0 if results.whole(summary) else 1


def _or(given: int | None, otherwise: int) -> int:
    return otherwise if given is None else given
