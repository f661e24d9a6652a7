"""xr0 train plan: what a run will need, before it is launched. No logic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from xr0.cli import options
from xr0.train.settings import Precision

if TYPE_CHECKING:
    from xr0.config import ModelConfig
    from xr0.transform.images import ImageSpec

app = tyro.extras.SubcommandApp()

Stage = Literal["pretrain-choice", "pretrain-flow", "post-train"]
Gpu = Literal["a100", "h100", "h200", "b200", "l40s", "rtx4090", "rtx5090"]


@app.command
def plan(
    stage: tyro.conf.Positional[Stage],
    *,
    checkpoint: str | None = None,
    shape: Literal["official_4b"] = "official_4b",
    trainable: Literal["expert", "lora", "all"] | None = None,
    gpus: int = 1,
    batch: int = 32,
    accumulate: int = 1,
    precision: Precision = "bf16",
    shard: Literal["ddp", "fsdp"] = "ddp",
    gradient_checkpointing: bool = False,
    ema: bool = False,
    views: int = 2,
    pixels: int = 256,
    horizon: int = 30,
    steps: int = 40_000,
    gpu: Gpu = "h100",
    memory_gb: float | None = None,
    tflops: float | None = None,
    json: Path | None = None,
) -> int:
    """Memory per GPU by item, FLOPs, steps per second and days: a prediction, nothing is run.

    Exit status 1 where the memory does not hold it.

    Args:
        stage: which.
        checkpoint: a folder of either layout, or a name on the hub: its shape counts, no weights are read.
        shape: of the model, where no checkpoint is named.
        trainable: what learns: the action expert, LoRA adapters, or all; all of the VLM in pretrain-choice,
            the expert otherwise.
        gpus: how many.
        batch: samples of an optimiser step, over all GPUs and micro-batches.
        accumulate: micro-batches of an optimiser step.
        precision: bf16 is autocast with float32 master weights for what learns.
        shard: each GPU has all of the model (ddp), or a part of every block (fsdp).
        gradient_checkpointing: activations are computed again on the way back.
        ema: an average of the weights is kept.
        views: cameras.
        pixels: sides of each view.
        horizon: ticks of a chunk.
        steps: optimiser steps.
        gpu: whose memory and speed count.
        memory_gb: of a GPU, where it has another.
        tflops: dense bfloat16 peak of a GPU, where it has another.
        json: where to write the plan as well.
    """
    from xr0.sizes import OFFICIAL_IMAGES, official_4b
    from xr0.train.plan.job import Job
    from xr0.train.plan.plan import GPUS, Machine
    from xr0.train.plan.plan import plan as planned
    from xr0_robot import report

    options.at_least(1, steps=steps)
    options.at_least(0, memory_gb=memory_gb, tflops=tflops)
    shapes = {"official_4b": (official_4b, OFFICIAL_IMAGES)}
    if checkpoint is None:
        make, images = shapes[shape]
        config = make()
    else:
        config, images = _shape_of(checkpoint)
    default = "all" if stage == "pretrain-choice" else "expert"
    job = Job(
        stage=stage,
        config=config,
        images=images,
        part=trainable or default,
        gpus=gpus,
        batch=batch,
        accumulate=accumulate,
        bf16=precision == "bf16",
        fsdp=shard == "fsdp",
        checkpointing=gradient_checkpointing,
        ema=ema,
        views=views,
        pixels=pixels,
        horizon=horizon,
    )
    usual_gb, usual_tflops = GPUS[gpu]
    found = planned(job, Machine(gpu, memory_gb or usual_gb, tflops or usual_tflops), steps)
    print("\n".join(found.lines()))
    if json is not None:
        report.write(json, found.to_dict())
    if not found.fits:
        raise ValueError(found.refusal())
    return 0


def _shape_of(checkpoint: str) -> tuple[ModelConfig, ImageSpec]:
    """Of a checkpoint in either layout, from its JSON files alone."""
    from xr0.checkpoints import folder, official, pretrained
    from xr0.sizes import OFFICIAL_IMAGES

    root, _ = pretrained.locate(checkpoint)
    config = folder.read_json(root / folder.CONFIG)
    if official.is_official(config):
        return official.model_config(config, root), OFFICIAL_IMAGES
    about = folder.read_about(root)
    return about.model, about.spec
