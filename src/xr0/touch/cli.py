"""xr0 tactile: data, training and evaluation of the fingertips. Subcommands only, no logic."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import tyro

TACTILE = Path(__file__).resolve().parents[3] / "checkpoints" / "tactile"
"""The checkpoint that the repository ships."""

Recipe = Literal["refine", "refine_vit", "absolute", "blind"]
app = tyro.extras.SubcommandApp()


@app.command
def data(
    out: tyro.conf.Positional[Path], *, shapes: int = 98_304, first_seed: int = 0, workers: int = 2
) -> int:
    """Sixteen simulated grasps of each of many procedural shapes; what is there already is kept.

    Args:
        out: folder of the shards.
        shapes: how many.
        first_seed: of the first shape.
        workers: processes.
    """
    from xr0.touch.data import generate

    generate(out, shapes, first_seed, workers)
    return 0


@app.command
def train(data: Path, out: Path, *, recipe: Recipe = "refine") -> int:
    """Train TacRefineNet, or one of the networks it is compared with; a run that was stopped goes on.

    Args:
        data: folder of the shards.
        out: run folder; the checkpoint is written into it.
        recipe: the shipped network, the paper's encoder, estimate-then-subtract, or joints alone.
    """
    from xr0.touch import recipes

    if recipe == "refine":
        recipes.refine(data, out, recipes.REFINE)
    elif recipe == "refine_vit":
        recipes.refine(data, out, recipes.REFINE_VIT)
    elif recipe == "absolute":
        recipes.absolute(data, out, recipes.ABSOLUTE)
    else:
        recipes.blind(data, out, recipes.BLIND)
    return 0


@app.command
def calibrate(
    checkpoint: tyro.conf.Positional[Path], *, episodes: int = 2_000, first_seed: int = 850_000
) -> int:
    """Fit the factors on the network's standard deviations, and write them beside its weights.

    Args:
        checkpoint: folder of the network.
        episodes: closed-loop episodes of the first simulator, on new shapes of seen families.
        first_seed: of the first episode; 500000 to 999999 are for tuning.
    """
    from xr0.touch.calibrate import calibrate as fit
    from xr0_robot.touch.sensor.increment import DOF

    scale = fit(checkpoint, episodes, first_seed)
    print("sigma times " + ", ".join(f"{name} {value:.2f}" for name, value in zip(DOF, scale, strict=True)))
    return 0


@app.command(name="eval")
def evaluate(
    *,
    json: Path,
    checkpoint: Path = TACTILE,
    absolute: Path | None = None,
    blind: Path | None = None,
    vit: Path | None = None,
    episodes: int = 1_002,
    first_seed: int = 1_000_000,
    shapes: Path | None = None,
    full: bool = False,
    workers: int = 2,
) -> int:
    """Closed-loop refinement: new shapes of seen families, held-out families, and a second simulator.

    Args:
        json: results file.
        checkpoint: folder of the network.
        absolute: folder of the network that estimates poses, for estimate-then-subtract.
        blind: folder of the network that was trained without images.
        vit: folder of the network with the paper's encoder.
        episodes: of each group.
        first_seed: of the first of three blocks; from 1000000 on, training and tuning have the others.
        shapes: a folder of your own shapes (*.json of prisms, *.stl), measured instead.
        full: also reserved families, near starts, fixed goals, and seen families in the second simulator.
        workers: processes.
    """
    from xr0.touch import evaluate as report
    from xr0.touch.groups import FURTHER, HEADLINE, USER
    from xr0.touch.jobs import Networks
    from xr0_robot.report import write
    from xr0_robot.touch.sensor.shapes import load_shapes

    networks = Networks(checkpoint, absolute, blind, vit)
    own = load_shapes(shapes) if shapes else []
    groups = USER if shapes else HEADLINE + (FURTHER if full else ())
    write(json, report.evaluate(networks, groups, episodes, first_seed, own, workers))
    return 0


@app.command
def serve(
    checkpoint: tyro.conf.Positional[Path] = TACTILE, *, host: str = "127.0.0.1", port: int = 8001
) -> int:
    """Serve the network to a robot, over the same websocket protocol as a policy.

    Args:
        checkpoint: folder of the network.
        host: address to listen on; this machine only by default.
        port: 0 takes a free one and prints it.
    """
    from xr0.serve.server import Settings
    from xr0.serve.server import serve as serve_policy
    from xr0.touch.predictor import Predictor, answer_single_pairs
    from xr0.touch.serve import ServedTactile

    settings = Settings(host, port)
    answer_single_pairs()
    serve_policy(ServedTactile(Predictor.from_pretrained(checkpoint)), settings)
    return 0


@app.command
def demo(*, checkpoint: Path = TACTILE, seed: int = 0, out: Path = Path("out/tactile")) -> int:
    """Refine a nut, a rod and a bracket live in the second simulator: a video, and a plot of the error
    falling.

    Args:
        checkpoint: folder of the network.
        seed: of the starts, the goals and the sensors.
        out: folder for the video and the plot.
    """
    from xr0.cli import launch

    options = ["tactile-demo", "--seed", str(seed), "--out", str(out)]
    return launch.robot_against_server(checkpoint, options, launch.TACTILE)


@app.command
def insertion(
    *,
    json: Path,
    checkpoint: Path = TACTILE,
    episodes: int = 200,
    first_seed: int = 1_000_000,
    workers: int = 2,
) -> int:
    """A key, grasped wrongly, and the slot it belongs into: the same seeds with refinement and without.

    A script that reads the simulator's exact poses grasps and carries the key, not the policy.

    Args:
        json: results file.
        checkpoint: folder of the network.
        episodes: seeds; each is run four times, from the stand and handed over, refined and not.
        first_seed: tuning used those below 1000000.
        workers: processes.
    """
    from xr0.cli import launch

    options = ["--episodes", episodes, "--first-seed", first_seed, "--workers", workers, "--json", json]
    return launch.robot_against_server(checkpoint, ["tactile-insertion", *map(str, options)], launch.TACTILE)
