"""From two readings to an increment: the interface of a predictor, and how a control loop calls one."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import numpy as np

from xr0_robot.touch.sensor.pads import TactileReading

Prediction = tuple[np.ndarray, np.ndarray]
"""The increment W [6] (mm, rad) and the standard deviations of its numbers [6]."""


class Predictor(Protocol):
    """Predicts an increment from two readings; `xr0_robot.touch.client.TactileClient` is one.

    Raises ConnectionError, ValueError or RuntimeError, one line, where there is no answer.
    """

    def predict(self, current: TactileReading, goal: TactileReading) -> Prediction:
        """How the wrist must move to turn `current` into `goal`."""
        ...


class AsyncPredictor(Protocol):
    """One request at a time; neither `start` nor `poll` blocks."""

    def start(self, current: TactileReading, goal: TactileReading) -> None:
        """Send a request. RuntimeError while one is under way; errors of the predictor are raised here or in
        `poll`."""
        ...

    def poll(self) -> Prediction | None:
        """The answer, once; None until it is there."""
        ...


class InlinePredictor:
    """Computed in `start`, fetched a tick later: for a virtual clock, where computing takes no time."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._answer: Prediction | None = None

    def start(self, current: TactileReading, goal: TactileReading) -> None:
        """Compute the answer."""
        self._answer = self._predictor.predict(current, goal)

    def poll(self) -> Prediction | None:
        """The answer."""
        answer, self._answer = self._answer, None
        return answer


class ThreadedPredictor:
    """The predictor in a thread of its own: the control loop keeps its rate, however long an answer takes."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="xr0-touch")
        self._future: Future[Prediction] | None = None

    def start(self, current: TactileReading, goal: TactileReading) -> None:
        """Hand over to the thread. An answer that was never fetched is dropped."""
        if self._future is not None and not self._future.done():
            raise RuntimeError("touch: the last request is still unanswered")
        self._future = self._thread.submit(self._predictor.predict, current, goal)

    def poll(self) -> Prediction | None:
        """The answer, once the thread has it."""
        if self._future is None or not self._future.done():
            return None
        future, self._future = self._future, None
        return future.result()

    def close(self) -> None:
        """Let the thread end."""
        self._thread.shutdown(wait=False, cancel_futures=True)
