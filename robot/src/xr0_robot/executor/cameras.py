"""Who reads the cameras: the control loop, when it asks (`inline`), or a thread beside it (`beside`)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

import numpy as np

from xr0_robot.types import Observation

FIRST_PICTURE_S = 10.0
"""A camera that has sent nothing by then is not connected."""

PAUSE_S = 0.002
"""Between two readings: a camera that answers at once must not keep the processor from the control loop."""

Observe = Callable[[], Observation]
State = Callable[[], np.ndarray]

Reading = Callable[[Observe, State], AbstractContextManager[Observe]]
"""For one episode: from reading the cameras, which takes its time, and the state, which does not, to what the
control loop calls."""


@contextmanager
def inline(observe: Observe, state: State) -> Iterator[Observe]:
    """The loop reads and waits: for simulators, whose pictures are drawn by the thread that made them."""
    del state  # `observe` reads it too
    yield observe


@contextmanager
def beside(observe: Observe, state: State) -> Iterator[Observe]:
    """A thread reads all the time, and the loop takes the newest pictures with the state as it is now.

    For real cameras, which may be slow or hang. How old the pictures are is in `Observation.time_s`. The loop
    begins when the first are there. RuntimeError, then or later, for what a camera raises, and where no first
    picture comes.
    """
    reader = _Reader(observe)
    try:
        reader.newest()
        yield lambda: replace(reader.newest(), state=state())
    finally:
        reader.stop()


class _Reader:
    def __init__(self, observe: Observe) -> None:
        self._observe = observe
        self._newest: Observation | Exception | None = None
        self._first, self._stopped = threading.Event(), threading.Event()
        # A camera that hangs must not keep the program, nor the robot's stop, waiting: nobody joins it.
        threading.Thread(target=self._run, name="xr0-cameras", daemon=True).start()

    def newest(self) -> Observation:
        """What was read last; waits for the first."""
        if not self._first.wait(FIRST_PICTURE_S):
            raise RuntimeError(f"cameras: got no picture within {FIRST_PICTURE_S:g} s")
        newest = self._newest
        if not isinstance(newest, Observation):
            raise RuntimeError(f"cameras: {type(newest).__name__}: {newest}") from newest
        return newest

    def stop(self) -> None:
        """No further reading; one that is under way ends when it likes, unheard."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._newest = self._observe()
            except Exception as error:  # noqa: BLE001 (a driver is foreign code; the loop raises it again)
                self._newest = error
                self._stopped.set()
            self._first.set()
            self._stopped.wait(PAUSE_S)
