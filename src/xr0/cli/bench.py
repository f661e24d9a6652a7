"""`xr0 bench`: how long an inference takes, and how long it must. No logic."""

from __future__ import annotations

from pathlib import Path

import tyro

from xr0.cli import options
from xr0.cli.model import Contract, Shape
from xr0.config import FASTEST, FLOW_STEPS, ExecutionName

SHAPE_VIEWS = 2
"""Cameras of a shape unless named: what most of the released robots have."""

app = tyro.extras.SubcommandApp()


@app.command
def latency(
    *,
    checkpoint: str | None = None,
    shape: Shape = "official_4b",
    views: int | None = None,
    pixels: int | None = None,
    horizon: int = 10,
    batch: int = 1,
    execution: ExecutionName = FASTEST,
    flow_steps: int = FLOW_STEPS,
    repeats: int = 20,
    warm_ups: int = 2,
    threads: int | None = None,
    robot_type: str | None = None,
    contract: Contract | None = None,
    json: Path | None = None,
) -> int:
    """The stopwatch: observations to chunks, as the released model is run and by another execution, in turns.

    Args:
        checkpoint: a folder or a name on the hub; its own horizon and cameras count.
        shape: random weights of this shape, where no checkpoint is named.
        views: cameras of a shape; a checkpoint must have as many.
        pixels: sides of each picture; the cameras' own otherwise, 256 where any will do.
        horizon: ticks of a chunk, for a shape.
        batch: requests at a time.
        execution: how they are computed (docs/latency.md).
        flow_steps: Euler steps of an inference.
        repeats: how often each execution is timed.
        warm_ups: how often each runs before.
        threads: of PyTorch, on a CPU; its default otherwise.
        robot_type: which of several that a checkpoint serves.
        contract: of a checkpoint whose files do not tell.
        json: where to write the report.
    """
    import torch

    from xr0.bench import latency as stopwatch
    from xr0.bench import shapes
    from xr0.checkpoints import pretrained
    from xr0.checkpoints.options import LoadOptions
    from xr0.policy import Policy
    from xr0_robot import report

    options.at_least(1, views=views, pixels=pixels, horizon=horizon, batch=batch, flow_steps=flow_steps)
    options.at_least(1, repeats=repeats, threads=threads)
    options.at_least(0, warm_ups=warm_ups)
    if threads is not None:
        torch.set_num_threads(threads)
    if checkpoint is None:
        build = {"official_4b": shapes.official_4b_checkpoint}[shape]
        loaded = build(SHAPE_VIEWS if views is None else views, horizon)
    else:
        loaded = pretrained.load(checkpoint, LoadOptions(robot_type, contract))
    policy, reference = (
        Policy(loaded, robot_type, steps=flow_steps, execution=name) for name in (execution, "reference")
    )
    fixture = stopwatch.Fixture(views, pixels, repeats, warm_ups, batch)
    found = stopwatch.latency(policy, reference, fixture)
    print("\n".join(stopwatch.lines(found)))
    if json is not None:
        report.write(json, found)
    return 0


@app.command
def predict(
    *,
    device: tuple[str, ...] = (),
    shape: Shape = "official_4b",
    views: int = SHAPE_VIEWS,
    pixels: int = 256,
    horizon: int = 30,
    json: Path | None = None,
) -> int:
    """Floors for devices that are not here: predictions from their data sheets, in bfloat16.

    Args:
        device: which; all by default.
        shape: of the model.
        views: cameras.
        pixels: sides of each picture.
        horizon: ticks of a chunk.
        json: where to write them.
    """
    from xr0 import sizes
    from xr0.bench import predict as prediction
    from xr0_robot import report

    options.at_least(1, views=views, pixels=pixels, horizon=horizon)
    given = prediction.inference({"official_4b": sizes.official_4b}[shape](), views, pixels, horizon)
    found = [prediction.predict(name, given) for name in prediction.named(device)]
    print("\n".join(line for each in found for line in prediction.lines(each)))
    if json is not None:
        report.write(json, {"predictions": found})
    return 0
