"""xr0: train, serve, evaluate, demonstrate. Subcommands only, no logic."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import tyro

from xr0.cli import bench as cli_bench
from xr0.cli import data as cli_data
from xr0.cli import evaluate as cli_evaluate
from xr0.cli import launch, options
from xr0.cli import model as cli_model
from xr0.cli import open_loop as cli_open_loop
from xr0.cli import plan as cli_plan
from xr0.cli import seam as cli_seam
from xr0.cli import train as cli_train
from xr0.cli.options import TINY
from xr0.config import FASTEST, FLOW_STEPS, ExecutionName
from xr0.touch import cli as cli_tactile
from xr0_robot import worlds
from xr0_robot.modes import Mode

app = tyro.extras.SubcommandApp()
app.command(cli_data.app, name="data", help="Datasets: demonstrations, checks, robots, statistics.")
app.command(cli_bench.app, name="bench", help="How long an inference takes, and how long it must.")
app.command(cli_evaluate.app, name="eval", help="Episodes in a simulated world, or of a published benchmark.")
app.command(cli_plan.app, name="train", help="Before a run: what it will need.")
app.command(cli_tactile.app, name="tactile", help="The fingertips: data, training, evaluation, service.")


@app.command
def demo(
    world: tyro.conf.Positional[str] = worlds.DEFAULT,
    *,
    checkpoint: Path = TINY,
    task: str | None = None,
    episodes: int = 8,
    seed: int = 2_000_000,
    mode: Mode = "async",
    latency_ms: float = 0.0,
    variant: str = worlds.TRAINED,
    view: bool = False,
    flight: Path | None = None,
    out: Path = Path("out/demo"),
) -> int:
    """A robot obeys sentences in a live simulated world, in real time: server and robot are two processes.

    Args:
        world: which world.
        checkpoint: folder of the policy.
        task: a sentence of your own, for every episode.
        episodes: how many.
        seed: of the first scene.
        mode: think while moving, as the checkpoint was trained to (async) or by another method
            (docs/real-time.md), or stop to think (sync).
        latency_ms: added to every inference.
        variant: of the world, as `trained` or `moved`.
        view: open a live window.
        flight: folder in which all that happens is recorded, for `xr0-robot replay`.
        out: folder for videos and the plot.
    """
    options.at_least(1, episodes=episodes)
    options.at_least(0, seed=seed, latency_ms=latency_ms)
    options.sentence(task)
    worlds.check(world, variant)
    given = ["--world", world, "--episodes", episodes, "--seed", seed, "--mode", mode]
    given += ["--latency-ms", latency_ms, "--out", out]
    given += ["--task", task] if task else []
    given += ["--variant", variant] + ["--view"] * view
    given += [] if flight is None else ["--flight", flight]
    return launch.robot_against_server(checkpoint, ["demo", *map(str, given)])


@app.command
def fleet(
    *,
    host: str = "127.0.0.1",
    port: int = 8100,
    people: Path | None = None,
    robot_key: str | None = None,
    patience_s: float = 120.0,
    journal: Path = Path("out/fleet.jsonl"),
    tls_certificate: Path | None = None,
    tls_key: Path | None = None,
) -> int:
    """The page from which a person looks after many robots (docs/fleet.md).

    Args:
        host: address to listen on.
        port: port to listen on; 0 takes any free one.
        people: who may log in, a file made by `xr0-robot person`; otherwise one name with a password that is
            printed.
        robot_key: what robots must know to join; anybody may otherwise.
        patience_s: a robot without a piece for so long makes no progress.
        journal: file of who did what, and when.
        tls_certificate: PEM file, for https.
        tls_key: its private key.
    """
    options.at_least(0, port=port)
    given = {"--host": host, "--port": port, "--people": people, "--robot-key": robot_key}
    given |= {"--patience-s": patience_s, "--journal": journal}
    given |= {"--tls-certificate": tls_certificate, "--tls-key": tls_key}
    pairs = [(name, str(value)) for name, value in given.items() if value is not None]
    return launch.robot(["fleet", *(part for pair in pairs for part in pair)])


@app.command
def serve(
    checkpoint: tyro.conf.Positional[str] = str(TINY),
    *,
    load: cli_model.LoadFlag = cli_model.NO_FLAGS,
    host: str = "127.0.0.1",
    port: int = 8000,
    api_key: str | None = None,
    keys: Path | None = None,
    tls_certificate: Path | None = None,
    tls_key: Path | None = None,
    largest_batch: int = 8,
    log: Path | None = None,
    replica: bool = False,
    threads: int = 1,
    flow_steps: int = FLOW_STEPS,
    execution: ExecutionName = FASTEST,
) -> int:
    """Serve a checkpoint to one robot or many, over openpi's websocket protocol (docs/serving.md).

    Args:
        checkpoint: a folder of either layout, a .pt file, or a name on the hub.
        load: what the checkpoint leaves open.
        host: address to listen on; this machine only by default.
        port: 0 takes a free one and prints it.
        api_key: clients must send `Authorization: Api-Key <this>`.
        keys: instead, a JSON file of several keys with limits.
        tls_certificate: PEM file of the server's certificate chain; clients then connect to wss://.
        tls_key: PEM file of its private key.
        largest_batch: requests of different robots that are answered together at most.
        log: file for a line of JSON for whatever happens.
        replica: others serve the same behind one address: a robot that finds this one full is disconnected,
            and finds another.
        threads: of PyTorch, on a CPU.
        flow_steps: Euler steps of an inference.
        execution: how it is computed (docs/latency.md).
    """
    import torch

    from xr0.checkpoints import pretrained
    from xr0.policy import Policy
    from xr0.serve.adapter import ServedPolicy
    from xr0.serve.keys import groups
    from xr0.serve.server import Settings
    from xr0.serve.server import serve as serve_policy

    options.at_least(1, threads=threads, flow_steps=flow_steps)
    known = groups(api_key, keys)
    settings = Settings(host, port, known, tls_certificate, tls_key, largest_batch, log, replica)
    torch.set_num_threads(threads)
    policy = Policy(pretrained.load(checkpoint, load.options()), steps=flow_steps, execution=execution)
    serve_policy(ServedPolicy(policy), settings)
    return 0


for command in (
    cli_model.inspect,
    cli_model.convert,
    cli_model.parity,
    cli_open_loop.open_loop,
    cli_seam.seam,
):
    app.command(command)


def run(arguments: Sequence[str]) -> int:
    """One subcommand. Those of training have the defaults of the recipe that is named among the arguments."""
    for command in cli_train.commands(arguments):
        app.command(command)
    return app.cli(prog="xr0", args=arguments, config=(tyro.conf.OmitArgPrefixes,))


def main() -> None:
    """Run a subcommand; a failure is one line on stderr."""
    try:
        status = run(sys.argv[1:])
    except (ValueError, RuntimeError, OSError) as error:
        print(f"xr0: {error}", file=sys.stderr)
        status = 1
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)


if __name__ == "__main__":
    main()
