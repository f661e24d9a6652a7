"""Tactile requests off the wire to increments, and back: a Predictor as the server wants it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xr0.serve.dispatch import Question
from xr0.touch.predictor import Predictor
from xr0_robot import wire
from xr0_robot.touch.sensor import messages
from xr0_robot.touch.sensor.pads import COLUMNS, ROWS, TactileReading


class ServedTactile:
    """Answers `messages.request` with `messages.answer` and the time it took."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    def metadata(self) -> Mapping[str, Any]:
        """Whose readings are expected, and which weights answer."""
        return {
            messages.FINGERS: list(self._predictor.fingers),
            wire.CHECKPOINT: {"name": self._predictor.name, "fingerprint": self._predictor.fingerprint},
        }

    def warm_up(self, largest_batch: int) -> None:
        """One inference on even pads."""
        config = self._predictor.net.config
        blank = TactileReading(
            self._predictor.fingers,
            np.full((config.fingers, ROWS, COLUMNS), 1, np.uint8),
            np.zeros(config.joints),
        )
        self._predictor.predict(blank, blank)

    def read(self, request: dict[str, Any]) -> Question:
        """Both readings; ValueError, one line, for what cannot be used."""
        return Question(None, messages.readings(request))

    def infer(self, questions: Sequence[tuple[TactileReading, TactileReading]]) -> list[dict[str, Any]]:
        """The increments, one after the other: a batch of so small a net is not faster."""
        return [self._increment(*readings) for readings in questions]

    def _increment(self, current: TactileReading, goal: TactileReading) -> dict[str, Any]:
        start_s = time.perf_counter()
        w, sigma = self._predictor.predict(current, goal)
        taken_ms = 1e3 * (time.perf_counter() - start_s)
        return {**messages.answer(w, sigma), wire.POLICY_TIMING: {wire.INFER_MS: taken_ms}}
