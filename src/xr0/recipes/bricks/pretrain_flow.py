"""Stage 2 of the brick table: the VLM is frozen, the action expert learns flow matching from scratch."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from xr0.config import CAUSAL
from xr0.recipes.bricks.phases import frame_weights
from xr0.recipes.bricks.settings import BrickSettings
from xr0.recipes.expert import train_expert
from xr0.train.flow_stage import FlowStage


def pretrain_flow(data: Path, start: Path, out: Path, settings: BrickSettings) -> None:
    """From the checkpoint of stage 1 and its data to `out`/checkpoint, contract causal."""
    weigh = partial(frame_weights, phases=settings.phases)
    train_expert(data, start, out, settings, FlowStage, CAUSAL, weigh)
