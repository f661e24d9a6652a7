"""Sizes, seeds and lengths of the brick table's three stages."""

from __future__ import annotations

from dataclasses import dataclass

from xr0.recipes.bricks.phases import PhaseWeights
from xr0.train.optim import OptimSettings
from xr0.train.settings import StageSettings

ACTION_HORIZON = 30
"""Ticks: one second at 30 Hz, as in the paper."""

VOCABULARY = 512
"""256 bytes, the special tokens and the words of the brick table."""

POSITION_STD = 0.2
"""Spread of the vision tower's fresh position table: ten times Qwen's, or a small model finds places too
slowly."""

REACHING = PhaseWeights(idle=0.12, holding=0.6, closing=2.5)
"""Where words must be bound to things: a brick in the hand needs no finding."""

WHOLE = PhaseWeights(idle=0.12, holding=1.0, closing=2.5)
"""The carry as well."""


@dataclass(frozen=True)
class BrickSettings(StageSettings):
    """phases says which frames are drawn more often."""

    phases: PhaseWeights


CHOICE = BrickSettings(
    OptimSettings(900, warmup=60, muon_lr=0.02, adamw_lr=2e-3, weight_decay=0.0, grad_clip=1.0),
    batch=16,
    language=3,
    stride=3,
    seed=1,
    phases=REACHING,
)
FLOW = BrickSettings(
    OptimSettings(1500, warmup=60, muon_lr=0.02, adamw_lr=2e-3, weight_decay=0.0, grad_clip=1.0),
    batch=16,
    language=0,
    stride=3,
    seed=2,
    phases=WHOLE,
)
POST = BrickSettings(
    OptimSettings(900, warmup=40, muon_lr=0.01, adamw_lr=1e-3, weight_decay=0.0, grad_clip=1.0),
    batch=16,
    language=0,
    stride=3,
    seed=3,
    phases=WHOLE,
)
