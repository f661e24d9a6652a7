"""Sizes, seeds and lengths of the brick table's three stages."""

from __future__ import annotations

from dataclasses import dataclass

from xr0.recipes.bricks.phases import PhaseWeights
from xr0.train.settings import StageSettings, TrainSettings

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
    TrainSettings(900, batch=32, lr=2e-3, muon_lr=0.02, warmup=60, seed=1),
    language=3,
    stride=3,
    phases=REACHING,
)
FLOW = BrickSettings(
    TrainSettings(1500, batch=32, lr=2e-3, muon_lr=0.02, warmup=60, seed=2),
    language=0,
    stride=3,
    phases=WHOLE,
)
POST = BrickSettings(
    TrainSettings(900, batch=32, lr=1e-3, muon_lr=0.01, warmup=40, seed=3),
    language=0,
    stride=3,
    phases=WHOLE,
)
