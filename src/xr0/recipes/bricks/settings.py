"""Lengths, batches and seeds of the brick table's three stages."""

from __future__ import annotations

from dataclasses import replace

from xr0.recipes.bricks.phases import PhaseWeights
from xr0.recipes.named import CHOICE as GENERAL_CHOICE
from xr0.recipes.named import FLOW as GENERAL_FLOW
from xr0.recipes.named import POST_TRAIN as GENERAL_POST_TRAIN
from xr0.recipes.settings import SampleSettings

REACHING = PhaseWeights(idle=0.12, holding=0.6, closing=2.5, recovering=8.0)
"""Where words must be bound to things: a brick in the hand needs no finding."""

WHOLE = PhaseWeights(idle=0.12, holding=1.0, closing=2.5, recovering=8.0)
"""The carry as well."""

ROBOT_PER_LANGUAGE = 16 / 3
"""A little more talk than the paper's 6: the questions are what binds words to bricks."""

KEPT = SampleSettings(keep_every=3)
"""Neighbouring frames of 33 ms look alike, and small pictures are read faster than films are decoded."""

_CHOICE, _FLOW, _POST = GENERAL_CHOICE["tiny"], GENERAL_FLOW["tiny"], GENERAL_POST_TRAIN["tiny"]

CHOICE = replace(
    _CHOICE, train=replace(_CHOICE.train, seed=1), samples=KEPT, robot_per_language=ROBOT_PER_LANGUAGE
)
FLOW = replace(_FLOW, train=replace(_FLOW.train, seed=2), samples=KEPT)
POST_TRAIN = replace(_POST, train=replace(_POST.train, seed=3), samples=KEPT, prefix="released")
