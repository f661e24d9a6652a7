"""xr0 eval: episodes in a simulated world, or of a published benchmark. Subcommands only, no logic."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Literal

import tyro

from xr0.cli import launch, options
from xr0.cli.options import TINY
from xr0.config import FASTEST, FLOW_STEPS, ExecutionName
from xr0_robot import worlds
from xr0_robot.modes import Mode

Jitter = Literal["steady", "lognormal", "spikes"]
EPISODES = 200
"""Of a world, where nobody says how many."""

app = tyro.extras.SubcommandApp()


def in_world(
    world: str,
    *,
    json: Path,
    checkpoint: Path = TINY,
    robot_type: str | None = None,
    flow_steps: int = FLOW_STEPS,
    execution: ExecutionName = FASTEST,
    episodes: int | None = None,
    first_seed: int = 1_000_000,
    mode: Mode = "async",
    latency_ms: float = 0.0,
    jitter: Jitter = "steady",
    execute_horizon: int | None = None,
    variant: str = worlds.TRAINED,
    wrong_instruction: bool = False,
    protocol: Literal["published"] | None = None,
    flight: Path | None = None,
    workers: int = 2,
) -> int:
    """Episodes on the virtual clock: exact and reproducible at any latency.

    Args:
        world: which world.
        json: results file.
        checkpoint: folder of the policy.
        robot_type: which of several robots that the checkpoint serves.
        flow_steps: Euler steps of an inference.
        execution: how it is computed (docs/latency.md).
        episodes: how many, on seeds first_seed, first_seed + 1, ...; 200, or as many trials as the protocol
            has.
        first_seed: training used seeds below 500000.
        mode: think while moving, as the checkpoint was trained to (async) or by another method
            (docs/real-time.md), or stop to think (sync; at latency 0 the world is frozen meanwhile).
        latency_ms: what one inference takes on the virtual clock.
        jitter: how that varies: by a log-normal factor (sigma 0.3), or three times as long in 2 of 100.
        execute_horizon: ticks of a chunk that are executed before the next is asked for; the robot's default
            otherwise.
        variant: of the world: `trained`, or one that differs from training (docs/evaluate.md).
        wrong_instruction: tell the policy another sentence than the one that is scored; both are judged.
        protocol: the published one instead of single episodes, of a world that has one; stopped, it goes on
            where it was (docs/two-arms.md).
        flight: folder in which all that happens is recorded, for `xr0-robot replay`: a log per worker.
        workers: pairs of server and robot processes.
    """
    options.at_least(1, episodes=episodes, workers=workers, flow_steps=flow_steps)
    options.at_least(0, first_seed=first_seed, latency_ms=latency_ms)
    worlds.check(world, variant)
    options.at_least(1, execute_horizon=execute_horizon)
    served = _served(flow_steps, execution, robot_type)
    if protocol is not None:
        benchmark = _published(
            world, plain=(variant, wrong_instruction, flight) == (worlds.TRAINED, False, None)
        )
        board = {
            "--json": json,
            "--mode": mode,
            "--latency-ms": latency_ms,
            "--jitter": jitter,
            "--workers": workers,
            "--episodes": episodes,
            "--first-seed": first_seed,
            "--execute-horizon": execute_horizon,
        }
        return launch.robot_against_server(checkpoint, _board(benchmark, board), served=served)
    given = ["--world", world, "--mode", mode, "--latency-ms", latency_ms, "--jitter", jitter]
    if execute_horizon is not None:
        given += ["--execute-horizon", execute_horizon]
    given += ["--variant", variant] + ["--wrong-instruction"] * wrong_instruction
    return launch.sliced_rollout(
        checkpoint,
        list(map(str, given)),
        EPISODES if episodes is None else episodes,
        first_seed,
        workers,
        json,
        served,
        flight,
    )


def on_benchmark(
    benchmark: str,
    *,
    json: Path,
    checkpoint: str | None = None,
    server: str | None = None,
    api_key: str | None = None,
    expert: bool = False,
    robot_type: str | None = None,
    flow_steps: int = FLOW_STEPS,
    execution: ExecutionName = FASTEST,
    tasks: tuple[str, ...] = (),
    episodes: int | None = None,
    first_seed: int | None = None,
    mode: Mode = "sync",
    latency_ms: float = 0.0,
    jitter: Jitter = "steady",
    execute_horizon: int | None = None,
    look: str = worlds.OFFICIAL,
    workers: int = 2,
    films: Path | None = None,
) -> int:
    """A published benchmark by its protocol, in the simulator's own environment. Stopped, it goes on where it
    was.

    Args:
        benchmark: which.
        json: results file, from which a run goes on; the table is written beside it.
        checkpoint: of the policy, a folder or a name on the hub; one server is started for all simulators.
        server: url of a policy server that runs already, instead.
        api_key: what that server asks for.
        expert: the benchmark's scripted experts, instead: checks that all is installed.
        robot_type: which of several robots that the checkpoint serves.
        flow_steps: Euler steps of an inference.
        execution: how it is computed (docs/latency.md).
        tasks: tasks, groups or sets; those of the published table otherwise.
        episodes: of each task; the protocol's number otherwise.
        first_seed: the protocol's otherwise.
        mode: stop to think (sync; at latency 0 the world is frozen meanwhile), or think while moving.
        latency_ms: what one inference takes on the virtual clock.
        jitter: how that varies: by a log-normal factor (sigma 0.3), or three times as long in 2 of 100.
        execute_horizon: ticks of a chunk that are executed; the protocol's otherwise.
        look: how pictures are drawn; the official way otherwise.
        workers: simulator processes.
        films: folder for a film of each task's first episode.
    """
    options.at_least(
        1, episodes=episodes, workers=workers, flow_steps=flow_steps, execute_horizon=execute_horizon
    )
    options.at_least(0, first_seed=first_seed, latency_ms=latency_ms)
    if (checkpoint is not None) + (server is not None) + expert != 1:
        raise ValueError(
            f"eval {benchmark}: got checkpoint {checkpoint}, server {server}, expert {expert}, "
            "expected one of them"
        )
    python = launch.simulator(benchmark)
    given = {
        "--json": json,
        "--mode": mode,
        "--latency-ms": latency_ms,
        "--jitter": jitter,
        "--look": look,
        "--workers": workers,
        "--episodes": episodes,
        "--first-seed": first_seed,
        "--execute-horizon": execute_horizon,
        "--films": films,
        "--api-key": api_key,
    }
    arguments = [*_board(benchmark, given), *(["--tasks", *tasks] if tasks else [])]
    if expert:
        return launch.robot([*arguments, "--expert"], python)
    with ExitStack() as stack:
        if checkpoint is not None:
            served = _served(flow_steps, execution, robot_type)
            server = stack.enter_context(launch.server(checkpoint, options=served))
        return launch.robot([*arguments, "--url", str(server)], python)


def _published(world: str, plain: bool) -> str:
    """The benchmark that is a world's published protocol. plain: nothing else is asked for; ValueError if it
    is."""
    if world not in worlds.PUBLISHED or not plain:
        raise ValueError(
            f"eval {world} --protocol published: expected one of {', '.join(worlds.PUBLISHED)}, without "
            "--variant, --wrong-instruction and --flight"
        )
    return worlds.PUBLISHED[world]


def _board(benchmark: str, given: Mapping[str, object]) -> list[str]:
    """The body's command line; options without a value are left to the protocol."""
    options = [str(part) for name, value in given.items() if value is not None for part in (name, value)]
    return ["board", benchmark, *options]


def _served(flow_steps: int, execution: ExecutionName, robot_type: str | None) -> list[str]:
    """Options of the server that is started."""
    given = ["--flow-steps", str(flow_steps), "--execution", execution]
    return given + ([] if robot_type is None else ["--robot-type", robot_type])


for name in worlds.WORLDS:
    app.command(name=name)(partial(in_world, name))
for name in worlds.BENCHMARKS:
    app.command(name=name)(partial(on_benchmark, name))
