"""xr0-robot: run a robot against a policy server. Subcommands only, no logic."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xr0_robot.bench import cli_board, cli_replay
from xr0_robot.fleet import cli as cli_fleet
from xr0_robot.record import cli_record
from xr0_robot.touch.bench import cli as cli_tactile

if TYPE_CHECKING:
    from xr0_robot.bench.evaluate import Settings
    from xr0_robot.client import Client

DEFAULT_URL = "ws://127.0.0.1:8000"


def main(argv: Sequence[str] | None = None) -> int:
    """Parse and run; returns the exit status. A failure is one line on stderr."""
    arguments = _parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        return arguments.run(arguments)
    except (ValueError, RuntimeError, OSError) as error:
        print(f"xr0-robot: {error}", file=sys.stderr)
        return 1
    except ImportError as error:
        print(f"xr0-robot: {error}; install the extras: pip install 'xr0-robot[demo]'", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="xr0-robot", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    rollout = commands.add_parser("rollout", help="evaluate a policy server on many episodes")
    _common(rollout, clock="virtual", episodes=200)
    rollout.add_argument(
        "--jitter", default="steady", help="of the virtual clock (xr0_robot.executor.jitter)"
    )
    rollout.add_argument("--first-seed", type=int, default=0)
    rollout.add_argument("--wrong-instruction", action="store_true", help="tell the policy something else")
    rollout.add_argument("--json", type=Path, required=True, metavar="OUT", help="results file")
    rollout.set_defaults(run=_rollout, task=None)

    demo = commands.add_parser("demo", help="watch a robot obey, with videos and a plot")
    _common(demo, clock="wall", episodes=8)
    demo.add_argument("--seed", type=int, default=0, dest="first_seed")
    demo.add_argument("--task", default=None, help="a sentence of your own, for every episode")
    demo.add_argument("--view", action="store_true", help="open a live window")
    demo.add_argument("--out", type=Path, default=Path("out/demo"))
    demo.set_defaults(run=_demo, wrong_instruction=False, jitter="steady")

    record = commands.add_parser("record", help="a world's scripted expert as a LeRobot dataset")
    cli_record.add_arguments(record)
    record.set_defaults(run=cli_record.run)

    board = commands.add_parser("board", help="a published benchmark: all its tasks, by its protocol")
    cli_board.add_arguments(board)
    board.set_defaults(run=cli_board.run)

    replay = commands.add_parser("replay", help="compute a flight recorder's log anew, and draw it")
    cli_replay.add_arguments(replay)
    replay.set_defaults(run=cli_replay.run)

    cli_tactile.add_commands(commands)
    cli_fleet.add_commands(commands)

    work = commands.add_parser("work", help="a world without end, as a member of a fleet")
    _common(work, clock="wall", episodes=1)
    work.add_argument("--hub", default=cli_fleet.HUB, help=f"the fleet's (default {cli_fleet.HUB})")
    work.add_argument("--robot-key", default=None, help="what the hub asks of robots, if it does")
    work.add_argument("--name", required=True, help="among the fleet's robots")
    work.add_argument("--first-seed", type=int, default=0)
    work.set_defaults(run=_work, task=None, wrong_instruction=False, jitter="steady")

    merge = commands.add_parser("merge", help="one results file from slices of one evaluation")
    merge.add_argument("parts", type=Path, nargs="+")
    merge.add_argument("--first-seed", type=int, required=True)
    merge.add_argument("--episodes", type=_positive, required=True, help="asked for, missing ones included")
    merge.add_argument("--json", type=Path, required=True, metavar="OUT")
    merge.set_defaults(run=_merge)
    return parser


def _common(parser: argparse.ArgumentParser, clock: str, episodes: int) -> None:
    from xr0_robot.executor.strategy import EXECUTE_HORIZON
    from xr0_robot.modes import MODES
    from xr0_robot.worlds import DEFAULT, TRAINED, WORLDS

    parser.add_argument("--url", default=DEFAULT_URL, help=f"policy server (default {DEFAULT_URL})")
    parser.add_argument("--api-key", default=None, help="what the server asks for, if it does")
    parser.add_argument("--world", choices=WORLDS, default=DEFAULT)
    parser.add_argument("--episodes", type=_positive, default=episodes)
    parser.add_argument("--mode", choices=MODES, default="async")
    parser.add_argument("--clock", choices=("wall", "virtual"), default=clock)
    parser.add_argument(
        "--latency-ms", type=float, default=0.0, help="of an inference; wall clock: added to it"
    )
    parser.add_argument("--execute-horizon", type=_positive, default=EXECUTE_HORIZON, help="ticks per chunk")
    parser.add_argument("--variant", default=TRAINED, help="of the world (xr0_robot.worlds)")
    parser.add_argument(
        "--flight", type=Path, default=None, metavar="DIR", help="record all that happens, for `replay`"
    )


def _work(arguments: argparse.Namespace) -> int:
    from xr0_robot.bench.station import work
    from xr0_robot.client import Client
    from xr0_robot.fleet.member import Member

    with (
        Client(arguments.url, api_key=arguments.api_key) as policy,
        Member(arguments.hub, arguments.name, api_key=arguments.robot_key) as member,
    ):
        work(policy, _settings(arguments, policy), member)
    return 0


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"got {value}, expected at least 1")
    return value


def _settings(arguments: argparse.Namespace, policy: Client) -> Settings:
    from dataclasses import fields

    from xr0_robot import wire
    from xr0_robot.bench.evaluate import Settings

    given: dict[str, Any] = vars(arguments) | {"checkpoint": policy.metadata.get(wire.CHECKPOINT)}
    return Settings(**{field.name: given[field.name] for field in fields(Settings)})


def _rollout(arguments: argparse.Namespace) -> int:
    from xr0_robot.bench.evaluate import evaluate
    from xr0_robot.client import Client

    with Client(arguments.url, api_key=arguments.api_key) as policy:
        summary = evaluate(policy, _settings(arguments, policy), arguments.json, arguments.flight)
    return _say(summary)


def _demo(arguments: argparse.Namespace) -> int:
    from xr0_robot.bench.demo import demo
    from xr0_robot.client import Client

    with Client(arguments.url, api_key=arguments.api_key) as policy:
        settings = _settings(arguments, policy)
        done = demo(policy, settings, arguments.out, arguments.view, arguments.flight)
    return 0 if done else 1


def _merge(arguments: argparse.Namespace) -> int:
    from xr0_robot import report
    from xr0_robot.bench import results

    parts = [results.read(path) for path in arguments.parts]
    summary = results.merge(parts, arguments.first_seed, arguments.episodes)
    report.write(arguments.json, summary)
    return _say(summary)


def _say(summary: dict[str, Any]) -> int:
    """Print all but the rows; the exit status is 1 if not every episode ran."""
    from xr0_robot.bench import results

    print(json.dumps({key: value for key, value in summary.items() if key != "rows"}, indent=1))
    return 0 if results.whole(summary) else 1


if __name__ == "__main__":
    sys.exit(main())
