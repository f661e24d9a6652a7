"""What stages 2 and 3 have in common: the VLM of a checkpoint stays, its action expert learns from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from xr0.checkpoints import folder as checkpoints
from xr0.config import Contract
from xr0.data.mixture import draw
from xr0.data.robot import RobotData
from xr0.model.vla import VLA
from xr0.recipes.shared import HELD_OUT, finish, identity, load_robot
from xr0.train.distributed import world
from xr0.train.flow_stage import FlowStage
from xr0.train.loop import train
from xr0.train.post_train import PostTrainStage
from xr0.train.run import Run
from xr0.train.settings import StageSettings
from xr0.train.trainable import select


def train_expert(
    data: Path,
    start: Path,
    out: Path,
    settings: StageSettings,
    stage_of: Callable[[VLA], FlowStage | PostTrainStage],
    contract: Contract,
    weigh: Callable[[RobotData], np.ndarray],
) -> None:
    """Train the checkpoint folder `start` on `data`; what comes out is to be run under `contract`.

    weigh: how often each sample is drawn, float [n]. ValueError where `start` was trained on other data.
    """
    with world() as here:
        before = checkpoints.load(start)
        stats = before.robot(None).stats
        robot = load_robot(data, settings.stride, stats.horizon, here)
        if stats.fingerprint != robot.stats.fingerprint:
            raise ValueError(
                f"{start} was trained on data with statistics {stats.fingerprint[:12]}, "
                f"{data} has {robot.stats.fingerprint[:12]}"
            )
        select(before.vla, "expert")
        stage = stage_of(before.vla.train())
        weight = weigh(robot)
        trained = robot.training_only(weight)
        rows, seed = settings.train.rows(here.size), settings.train.seed

        def batches(step: int) -> tuple[Any, ...]:
            indices = draw(trained, rows, seed, step, here.rank)
            told = robot.instructions(indices)
            return (robot.batch(indices, told, before.processor, seed, step, here.rank),)

        apart = robot.held_out(weight, HELD_OUT)
        held_out = (robot.batch(apart, robot.instructions(apart), before.processor),)
        run = Run(out, identity(settings, here, robot.stats.fingerprint, before.fingerprint), stage.watched)
        vla = train(stage, batches, held_out, settings.train, here, run).vla
        finish(out, settings, here, replace(before, vla=vla, contract=contract, name="", fingerprint=""))
