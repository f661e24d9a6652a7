"""Where a scripted expert's hands are going, as it is recorded beside each frame: what a small model may
learn to see (`xr0 pretrain-choice --places`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from xr0_robot.features import ENVIRONMENT_STATE, OBJECT_PIXELS
from xr0_robot.sims import cameras
from xr0_robot.sims.two_arms.embodiment import SIDES
from xr0_robot.sims.two_arms.table import TwoArmTable

COLUMNS: Mapping[str, Sequence[str]] = {
    ENVIRONMENT_STATE: tuple(f"{side}.{axis}" for side in SIDES for axis in "xyz"),
    OBJECT_PIXELS: tuple(f"{side}.{axis}" for side in SIDES for axis in "uv"),
}


def recorded(table: TwoArmTable, aims: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    """The values of `COLUMNS`, of a place [3; world frame, m] for each hand."""
    places = np.stack([aims[side] for side in SIDES])
    pixels = cameras.project(table.model, table.data, table.embodiment.cameras[0], places)
    return {ENVIRONMENT_STATE: places.ravel(), OBJECT_PIXELS: pixels.ravel()}
