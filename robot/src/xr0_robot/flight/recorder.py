"""An observer of the executor that writes down all it is told, and never keeps it waiting."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from xr0_robot import report, wire
from xr0_robot.executor.observer import Event, Setup
from xr0_robot.flight import values
from xr0_robot.flight.segments import Ring, segments
from xr0_robot.types import Observation

FORMAT = 1
"""Raised when a reader of the previous version would misread a log."""
BUDGET_BYTES = 256 * 2**20
"""About two hours at 30 Hz with two cameras."""
SEGMENT_BYTES = 8 * 2**20
"""What the ring loses at a time, and what a damaged file can cost."""
THUMBNAIL_PX = 32
"""Longest side of the pictures that are kept: enough to see a frozen or covered camera."""

PICTURES_EVERY_S = 0.2
"""And no more often."""

Record = dict[str, Any]

log = logging.getLogger(__name__)


class Sink(Protocol):
    """Where records go: a `Ring`, or a replay that compares them."""

    @property
    def full(self) -> bool:
        """Whether the next record belongs into a new segment."""
        ...

    def open(self) -> int:
        """Begin a segment; returns its number."""
        ...

    def write(self, payload: bytes) -> None:
        """Append a record."""
        ...

    def close(self) -> None:
        """End the segment."""
        ...


def open_recorder(folder: Path, budget_bytes: int = BUDGET_BYTES) -> Recorder:
    """Record into a folder, behind what it holds already; OSError or ValueError where that cannot be."""
    folder.mkdir(parents=True, exist_ok=True)
    segments(folder)
    return Recorder(Ring(folder, budget_bytes, min(SEGMENT_BYTES, budget_bytes // 4)))


class Recorder:
    """Episodes, one after the other. Whatever goes wrong with the disk ends the recording of the episode, is
    logged once, and concerns nobody else.

    Each segment begins with a header: setup, versions, what the executor remembers and what is under way, so
    that what is left of a log can be replayed when its beginning has been overwritten.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._setup: Setup | None = None
        self._executor: object = None
        self._episode, self._part = 0, 0
        self._open: Record | None = None
        self._pictures_s, self._adjusted = -np.inf, False
        self.broken: str | None = None
        """Why nothing is recorded any more, until the next episode."""
        self.lost = 0
        """Records that were not written."""

    def begin(self, setup: Setup, executor: object) -> None:
        """An episode, in a segment of its own."""
        self._setup, self._executor = setup, executor
        self._part, self._open, self.broken = 0, None, None
        self._pictures_s, self._adjusted = -np.inf, False
        self._guarded(self._head, None)

    def note(self, event: Event, **given: Any) -> None:
        """Write it down; between episodes nothing is."""
        if self._setup is not None:
            self._guarded(self._note, event, given)
        if event == "end":
            self._setup = None
            self._sink.close()

    def _guarded(self, step: Callable[..., None], *arguments: Any) -> None:
        if self.broken is None:
            try:
                step(*arguments)
            except (OSError, ValueError, TypeError, OverflowError) as error:  # disk; what msgpack cannot hold
                self.broken = f"{type(error).__name__}: {error}"
                log.warning("the flight recorder stops, the robot goes on: %s", self.broken)
        if self.broken is not None:
            self.lost += 1

    def _note(self, event: Event, given: Mapping[str, Any]) -> None:
        if event in ("tick", "obey") and self._sink.full:
            self._part += 1
            self._head(values.remembered(self._executor))
        record = {"event": event} | {key: values.encode(value) for key, value in given.items()}
        if event == "observation":
            record["pictures"] = self._pictures(given["observation"])
        if event == "request":
            self._open = record
        elif event in ("reply", "failure"):
            self._open = None
        elif event == "adjustment":
            self._adjusted = given["on"]
        self._sink.write(wire.pack(record))

    def _pictures(self, observation: Observation) -> dict[str, np.ndarray]:
        """Of every observation where there are few, of some where a method looks in every tick."""
        if not observation.images or observation.time_s < self._pictures_s + PICTURES_EVERY_S:
            return {}
        self._pictures_s = observation.time_s
        return {key: _thumbnail(picture) for key, picture in observation.images.items()}

    def _head(self, memory: Record | None) -> None:
        number = self._sink.open()
        self._episode = number if self._part == 0 else self._episode
        self._sink.write(
            wire.pack(
                {
                    "event": "header",
                    "format": FORMAT,
                    "episode": self._episode,
                    "part": self._part,
                    "unix_s": time.time(),
                    "versions": report.versions(),
                    "code": report.code(),
                    "machine": report.machine(),
                    "setup": values.encode(self._setup),
                    "memory": memory,
                    "open": self._open,
                    "adjusted": self._adjusted,
                }
            )
        )


def _thumbnail(picture: np.ndarray) -> np.ndarray:
    """Every k-th pixel; a thumbnail is its own."""
    step = -(-max(picture.shape[:2]) // THUMBNAIL_PX)
    return np.ascontiguousarray(picture[::step, ::step])
