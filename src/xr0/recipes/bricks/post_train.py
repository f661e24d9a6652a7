"""Stage 3 of the brick table: asynchronous execution."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from xr0.recipes.bricks.phases import frame_weights
from xr0.recipes.bricks.settings import BrickSettings
from xr0.recipes.expert import train_expert
from xr0.train.post_train import PostTrainStage
from xr0.train.prefixes import RELEASED


def post_train(data: Path, start: Path, out: Path, settings: BrickSettings) -> None:
    """From the checkpoint of stage 2 and the data of stage 1 to `out`/checkpoint, contract windowed."""
    weigh = partial(frame_weights, phases=settings.phases)
    stage_of = partial(PostTrainStage, rule=RELEASED, frequency_weight=0.0)
    train_expert(data, start, out, settings, stage_of, RELEASED.contract, weigh)
