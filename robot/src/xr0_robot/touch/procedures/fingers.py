"""What the fingers say in one tick, and who is asked what it means."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from xr0_robot.touch.sensor.pads import TactileReading

Prediction = tuple[np.ndarray, np.ndarray]
"""The increment W [6] (mm, rad) and the standard deviations of its numbers [6]."""


@dataclass(frozen=True)
class Touch:
    """One tick at the fingertips.

    forces: float [fingers], N on each pad; supported: whether something else carries what is held, so that it
    stays where it is when the fingers open; read: the images of now (asked for only when needed), ValueError
    for what is no reading.
    """

    forces: np.ndarray
    supported: bool
    read: Callable[[], TactileReading]


class Predictor(Protocol):
    """Anything that tells an increment from two readings; `xr0_robot.touch.client.TactileClient` is one.

    Raises ConnectionError, ValueError or RuntimeError, one line, where there is no answer.
    """

    def predict(self, current: TactileReading, goal: TactileReading) -> Prediction:
        """How the wrist must move to turn `current` into `goal`."""
        ...


class Asking(Protocol):
    """One question at a time; neither `start` nor `poll` waits."""

    def start(self, current: TactileReading, goal: TactileReading) -> None:
        """Ask. RuntimeError while a question is open; what the predictor raises comes here or in `poll`."""
        ...

    def poll(self) -> Prediction | None:
        """The answer, once; None until it is there."""
        ...


class DirectAsking:
    """Answered at once, fetched a tick later: for a virtual clock, where nothing else must take time."""

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


class ThreadedAsking:
    """The predictor in a thread of its own: the control loop keeps its rate, whatever an answer takes."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="xr0-touch")
        self._future: Future[Prediction] | None = None

    def start(self, current: TactileReading, goal: TactileReading) -> None:
        """Hand over to the thread. An answer that nobody fetched is dropped; none that is open is waited
        for."""
        if self._future is not None and not self._future.done():
            raise RuntimeError("touch: the last question is still unanswered")
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
