"""The same executor, given what was recorded: does it command the same, bit for bit?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xr0_robot import wire
from xr0_robot.executor.estop import EStop
from xr0_robot.executor.inference import Policy, Reply, Request
from xr0_robot.executor.loop import Executor
from xr0_robot.executor.observer import Setup
from xr0_robot.executor.safety import Safety
from xr0_robot.executor.tick import InferenceFailed
from xr0_robot.flight import values
from xr0_robot.flight.log import Flight
from xr0_robot.flight.recorder import Record, Recorder
from xr0_robot.types import GUIDANCE, Chunk, Guide, Observation


@dataclass(frozen=True)
class Outcome:
    """first, ticks: the tick it begins with, and how many came out equal; difference: the first, in one line;
    end: how the episode ended, in one line."""

    first: int
    ticks: int
    difference: str | None
    end: str


def replay(flight: Flight) -> Outcome:
    """Give an executor the observations, replies and times of a log; compare all that it decides."""
    tape = _Tape(flight)
    recorder = Recorder(tape)
    setup = flight.setup
    safety = Safety(setup.embodiment, setup.limits)
    begin = (setup.state, setup.seed, setup.deadlines, setup.delay, recorder, _Pressed(tape))
    executor = Executor(tape, setup.strategy, safety, *begin)
    if flight.header["memory"] is not None:
        values.remind(executor, flight.header["memory"])
        tape.resume(flight.header["open"])
        executor.adjustment = tape if flight.header["adjusted"] else None
    tape.running = True
    while tape.difference is None and (record := tape.peek()) is not None:
        _step(executor, recorder, tape, record)
        tape.difference = tape.difference or recorder.broken
    return Outcome(tape.first, tape.ticks, tape.difference, tape.end or f"the log ends in tick {tape.tick}")


def _step(executor: Executor, recorder: Recorder, tape: _Tape, record: Record) -> None:
    event = record["event"]
    try:
        if event == "tick":
            executor.tick(record["now_s"], tape.observe)
        elif event == "obey":
            executor.obey(values.decode(record["action"]))
        elif event == "adjustment":
            executor.adjustment = tape if record["on"] else None
        elif event in ("late", "end"):
            recorder.note(event, **{key: value for key, value in record.items() if key != "event"})
        else:
            tape.differ(f"{event!r} is recorded, nothing is replayed")
    except (InferenceFailed, _NothingSeen):
        pass  # the episode's end: what is recorded of it comes next, or nothing does


class _NothingSeen(Exception):  # noqa: N818 (what has happened)
    """The log ends where an observation was due."""


class _Pressed(EStop):
    """Pressed in the ticks in which it was."""

    def __init__(self, tape: _Tape) -> None:
        super().__init__()
        self._tape = tape

    def poll(self) -> str | None:
        record = self._tape.peek()
        return record["why"] if record is not None and record["event"] == "stop" else None

    def press(self, why: str) -> None:
        """What came of it is recorded with the next tick."""


class _Said:
    """What the policy said of itself, and how it corrected commands."""

    guidance = GUIDANCE

    def __init__(self, setup: Setup, peek: Callable[[], Record | None]) -> None:
        self._peek = peek
        self.embodiment = setup.embodiment
        self.action_horizon = setup.action_horizon
        self.max_prefix = setup.max_prefix

    def infer(self, observation: Observation, prefix: np.ndarray | None, seed: int | None) -> Chunk:
        raise RuntimeError("replay: asks no policy")

    def infer_guided(self, observation: Observation, guide: Guide, seed: int | None) -> Chunk:
        raise RuntimeError("replay: asks no policy")

    def correct(self, observation: Observation, chunk: Chunk, row: int, command: np.ndarray) -> np.ndarray:
        record = self._peek()
        if record is not None and record["event"] == "failure":
            raise values.decode(record["error"])
        if record is None or record["event"] != "corrected":
            raise _NothingSeen
        return values.decode(record["command"])


class _Tape:
    """The records of a flight: an inference and an adjustment to the executor, and to the recorder that
    listens to it a sink that compares."""

    full = False
    running = False
    """Whether what is written is to be compared: not while an executor is being made."""

    def __init__(self, flight: Flight) -> None:
        self.policy: Policy = _Said(flight.setup, self.peek)
        self.difference: str | None = None
        self.end: str | None = None
        self.first, self.tick, self.ticks = -1, -1, 0
        self._payloads = flight.payloads
        self._at = 0
        self._request: Request | None = None

    def peek(self) -> Record | None:
        """What is recorded next."""
        return wire.unpack(self._payloads[self._at]) if self._at < len(self._payloads) else None

    def resume(self, under_way: Record | None) -> None:
        """A request that was asked before the first record."""
        self._request = None if under_way is None else values.decode(under_way["request"])

    def differ(self, what: str) -> None:
        """The first difference is kept."""
        self.difference = self.difference or f"tick {self.tick}: {what}"

    # What the executor asks for.

    def observe(self) -> Observation:
        record = self.peek()
        if record is None or record["event"] != "observation":
            raise _NothingSeen
        seen: Observation = values.decode(record["observation"])
        return replace(seen, images=record["pictures"])

    def sent(self, command: np.ndarray) -> np.ndarray:
        return self._adjusted()

    def seen(self, state: np.ndarray) -> np.ndarray:
        return self._adjusted()

    def _adjusted(self) -> np.ndarray:
        record = self.peek()
        if record is None or record["event"] != "adjusted":
            raise _NothingSeen
        return values.decode(record["result"])

    @property
    def busy(self) -> bool:
        return self._request is not None

    def start(self, request: Request, now_s: float) -> None:
        self._request = request
        self._fail()

    def poll(self, now_s: float) -> Reply | None:
        self._fail()
        record = self.peek()
        if self._request is None or record is None or record["event"] != "reply":
            return None
        request, self._request = self._request, None
        return Reply(request, values.decode(record["chunk"]), record["latency_s"])

    def _fail(self) -> None:
        record = self.peek()
        if self._request is not None and record is not None and record["event"] == "failure":
            self._request = None
            raise values.decode(record["error"])

    def cancel(self) -> None:
        self._request = None

    # What the recorder calls.

    def open(self) -> int:
        return 0

    def write(self, payload: bytes) -> None:
        again = wire.unpack(payload)
        record = self.peek()
        if not self.running or record is None:
            return
        if record["event"] in ("tick", "obey"):
            self.tick = record["tick"]
            self.first = self.tick if self.first < 0 else self.first
        if payload != self._payloads[self._at]:
            self.differ(_difference(record, again))
        self._at += 1
        self.ticks += record["event"] == "done" and self.difference is None
        if record["event"] == "end":
            self.end = "success" if record["success"] else record["error"] or "no success"

    def close(self) -> None:
        pass


def _difference(recorded: Record, replayed: Record) -> str:
    if recorded["event"] != replayed["event"]:
        return f"{recorded['event']!r} is recorded, {replayed['event']!r} replayed"
    found = _leaves(recorded, replayed, recorded["event"])
    return "; ".join(found[:3])


def _leaves(a: Any, b: Any, place: str) -> list[str]:
    """Where two values differ, and by what."""
    if isinstance(a, dict) and isinstance(b, dict):
        inner = [_leaves(a.get(key), b.get(key), f"{place} {key}") for key in sorted({*a, *b}, key=str)]
        return [line for lines in inner for line in lines]
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and a.shape == b.shape:
        if a.tobytes() == b.tobytes():
            return []
        return [f"{place} differs by at most {np.max(np.abs(a.astype(float) - b.astype(float))):.3g}"]
    return [] if wire.pack({"": a}) == wire.pack({"": b}) else [f"{place}: {a!r} is recorded, {b!r} replayed"]
