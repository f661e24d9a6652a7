"""Who reads the cameras: the control loop, when it asks (`inline`), one thread beside it (`beside`), or one
for each camera (`matched`)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Generic, TypeVar

import numpy as np

from xr0_robot.types import Observation

FIRST_PICTURE_S = 10.0
"""A camera that has sent nothing by then is not connected."""

PAUSE_S = 0.002
"""Between two readings: a camera that answers at once must not keep the processor from the control loop."""

KEPT = 4
"""Pictures of each camera: one that is slower than the others by so many frames is answered by its age."""

T = TypeVar("T")

Observe = Callable[[], Observation]
State = Callable[[], np.ndarray]
Grab = Callable[[], tuple[np.ndarray, float]]
"""A camera's next picture, uint8 [height, width, 3], and when it was taken [s], by the loop's clock."""

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
    reader = _Reader("cameras", observe)
    try:
        reader.recent()
        yield lambda: replace(reader.recent()[-1], state=state())
    finally:
        reader.stop()


def matched(cameras: Mapping[str, Grab]) -> Reading:
    """Each camera, by its key, in a thread of its own, for cameras that keep no common time.

    What the loop takes is of one moment, the latest of which every camera has a picture: from each the one
    that is nearest to it. `Observation.times_s` says when each was taken. The robot's `observe` is called
    once, for all else that is in an observation. Errors as in `beside`.
    """

    @contextmanager
    def reading(observe: Observe, state: State) -> Iterator[Observe]:
        first = observe()
        readers = {key: _Reader(f"camera {key}", grab) for key, grab in cameras.items()}

        def look() -> Observation:
            recent = {key: reader.recent() for key, reader in readers.items()}
            moment_s = min(pictures[-1][1] for pictures in recent.values())
            chosen = {
                key: min(pictures, key=lambda picture: abs(picture[1] - moment_s))
                for key, pictures in recent.items()
            }
            times_s = {key: time_s for key, (_, time_s) in chosen.items()}
            images = {key: image for key, (image, _) in chosen.items()}
            now = {"images": images, "state": state(), "time_s": min(times_s.values()), "times_s": times_s}
            return replace(first, **now)

        try:
            look()
            yield look
        finally:
            for reader in readers.values():
                reader.stop()

    return reading


class _Reader(Generic[T]):
    """Reads on and on, and keeps what it read last."""

    def __init__(self, name: str, read: Callable[[], T]) -> None:
        self._name = name
        self._read = read
        self._recent: tuple[T, ...] = ()
        self._error: Exception | None = None
        self._first, self._stopped = threading.Event(), threading.Event()
        # A camera that hangs must not keep the program, nor the robot's stop, waiting: nobody joins it.
        threading.Thread(target=self._run, name="xr0-cameras", daemon=True).start()

    def recent(self) -> tuple[T, ...]:
        """What was read last, newest at the end; waits for the first."""
        if not self._first.wait(FIRST_PICTURE_S):
            raise RuntimeError(f"{self._name}: got no picture within {FIRST_PICTURE_S:g} s")
        if self._error is not None:
            raise RuntimeError(f"{self._name}: {type(self._error).__name__}: {self._error}") from self._error
        return self._recent

    def stop(self) -> None:
        """No further reading; one that is under way ends when it likes, unheard."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._recent = (*self._recent[1 - KEPT :], self._read())
            except Exception as error:  # noqa: BLE001 (a driver is foreign code; the loop raises it again)
                self._error = error
                self._stopped.set()
            self._first.set()
            self._stopped.wait(PAUSE_S)
