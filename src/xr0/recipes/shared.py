"""What the runs share: how their data is loaded, what makes one another, what they leave behind."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from xr0.checkpoints import folder as checkpoints
from xr0.checkpoints.folder import Checkpoint
from xr0.data.robot import RobotData
from xr0.train.distributed import World
from xr0.train.settings import StageSettings

HELD_OUT = 64
"""Samples on which a stage is validated."""


def load_robot(data: Path, stride: int, horizon: int, here: World) -> RobotData:
    """The data of a stage; the first process decodes the frames, the others wait for them."""
    if not here.main:
        here.barrier()
    robot = RobotData.load(data, data.parent / "frames", stride, horizon, workers=2)
    if here.main:
        here.barrier()
    return robot


def identity(settings: StageSettings, here: World, *fingerprints: str) -> dict[str, Any]:
    """Of a run, beside its training settings: its data and its start.

    The number of processes too: what a process draws depends on it here.
    """
    stage = {name: value for name, value in asdict(settings).items() if name != "train"}
    return {**stage, "processes": here.size, "fingerprints": fingerprints}


def finish(out: Path, settings: StageSettings, here: World, done: Checkpoint) -> None:
    """Write the stage's checkpoint folder and how it was trained."""
    if not here.main:
        return
    record = {"settings": asdict(settings), "processes": here.size, "torch": torch.__version__}
    (out / "settings.json").write_text(json.dumps(record, indent=1) + "\n")
    checkpoints.save(out / "checkpoint", done)
