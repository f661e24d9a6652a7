"""Subcommands of xr0-robot for the fingertips; each needs a tactile server's url. No logic."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

DEFAULT_URL = "ws://127.0.0.1:8001"
"""Where `xr0 tactile serve` listens."""


def add_commands(commands: Any) -> None:
    """tactile-insertion and tactile-demo."""
    insertion = commands.add_parser(
        "tactile-insertion", help="a key and a slot, carried by a script, refined and not refined"
    )
    insertion.add_argument("--url", default=DEFAULT_URL, help=f"tactile server (default {DEFAULT_URL})")
    insertion.add_argument("--episodes", type=int, default=200, help="seeds; four episodes each")
    insertion.add_argument("--first-seed", type=int, default=0)
    insertion.add_argument("--workers", type=int, default=2, help="processes")
    insertion.add_argument("--json", type=Path, required=True, metavar="OUT", help="results file")
    insertion.set_defaults(run=_insertion)

    demo = commands.add_parser("tactile-demo", help="watch a nut, a rod and a bracket being refined")
    demo.add_argument("--url", default=DEFAULT_URL, help=f"tactile server (default {DEFAULT_URL})")
    demo.add_argument("--seed", type=int, default=0)
    demo.add_argument("--out", type=Path, default=Path("out/tactile"))
    demo.set_defaults(run=_demo)


def _insertion(arguments: argparse.Namespace) -> int:
    from xr0_robot import wire
    from xr0_robot.touch.bench import insertion
    from xr0_robot.touch.client import TactileClient

    with TactileClient(arguments.url) as predictor:
        network = predictor.metadata.get(wire.CHECKPOINT, {})
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.episodes)
    content = insertion.measure(arguments.url, seeds, arguments.workers, network, arguments.json)
    print(f"grasps and carries the key: {insertion.DRIVER}")
    for group in content["groups"]:
        low, high = group["ci95"]
        share = f"{group['successes']} of {group['n']} ({100 * low:.0f} to {100 * high:.0f} %)"
        print(f"{group['kind']:30}{share}")
    return 0


def _demo(arguments: argparse.Namespace) -> int:
    from xr0_robot.touch.bench.demo import demo, demo_objects
    from xr0_robot.touch.client import TactileClient

    with TactileClient(arguments.url) as predictor:
        demo(predictor, arguments.seed, arguments.out, demo_objects())
    return 0
