"""A robot and a policy that say of every command which observation it answers, and with which row."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from xr0.serve.dispatch import Question
from xr0_robot import wire
from xr0_robot.robots.mock import MOCK
from xr0_robot.types import Camera

ROBOT = replace(MOCK, name="marching", cameras=(Camera("base", "Base View", 16, 16),))
HORIZON, MAX_PREFIX = 30, 6
THINK_S = 0.08
PACE_M = 0.004
"""Per tick, along y."""
SCALE = 1e-4
"""Radians in a command per tick of its observation (rz) and per row (ry): too little for any limit."""


class Marching:
    """Along y from where the robot was seen, to and fro by the tick it was seen at."""

    def metadata(self) -> dict[str, Any]:
        """As the server wants it."""
        return {
            wire.EMBODIMENT: ROBOT.to_dict(),
            wire.ACTION_HORIZON: HORIZON,
            wire.MAX_PREFIX: MAX_PREFIX,
            wire.CONTRACT: {},
            wire.CHECKPOINT: {"name": "marching", "fingerprint": "0"},
        }

    def warm_up(self, largest_batch: int) -> None:
        """Nothing is cold."""

    def read(self, request: dict[str, Any]) -> Question:
        """Only the state counts."""
        if wire.STATE not in request:
            raise ValueError(f"request: got no {wire.STATE!r}")
        return Question(None, request[wire.STATE])

    def infer(self, questions: Sequence[np.ndarray]) -> list[dict[str, Any]]:
        """Takes its time."""
        time.sleep(THINK_S)
        timing = {wire.INFER_MS: THINK_S * 1e3}
        return [{wire.ACTIONS: rows(state), wire.POLICY_TIMING: timing} for state in questions]


def rows(state: np.ndarray) -> np.ndarray:
    """float32 [HORIZON, 7]: the answer to a state, whose rz is the tick it was seen at."""
    actions = np.tile(state, (HORIZON, 1))
    ahead = np.arange(HORIZON)
    way = 1.0 if state[5] / SCALE % 200 < 100 else -1.0
    actions[:, 1] = np.clip(state[1] + way * PACE_M * (1 + ahead), -0.3, 0.3)
    actions[:, 4] = SCALE * ahead
    return actions.astype(np.float32)


def origin(command: np.ndarray) -> tuple[int, int]:
    """Tick of the observation that a command answers, and its row."""
    return round(command[5] / SCALE), round(command[4] / SCALE)


if __name__ == "__main__":
    from xr0.serve.server import Settings, serve

    serve(Marching(), Settings(port=int(sys.argv[1])))
