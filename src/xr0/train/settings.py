"""What a run of a stage is: sizes and seeds. Recipes fill it in."""

from __future__ import annotations

from dataclasses import dataclass

from xr0.train.optim import OptimSettings


@dataclass(frozen=True)
class StageSettings:
    """batch and language are rows per process and step; stride is the spacing of training frames [ticks]."""

    optim: OptimSettings
    batch: int
    language: int
    stride: int
    seed: int
