"""The server answers, and wrongly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from faults.bench import TIMEOUT_S, Bench, Case, Outcome, impatient, wait
from faults.liar import Frames, Lie, nan, truth, wrong
from faults.marching import HORIZON, ROBOT
from xr0_robot import wire

FIRST = 4
"""The lie begins with this request; by then the robot moves."""


def from_now_on(lie: Lie) -> Lie:
    return lambda request, number: lie(request, number) if number >= FIRST else None


def once(lie: Lie) -> Lie:
    return lambda request, number: lie(request, number) if number == FIRST else None


def case(name: str, what: str, lie: Lie, outcome: Outcome, says: str, seconds: float = 3.5) -> Case:
    def arrange(bench: Bench) -> None:
        if outcome == "ends":
            impatient(bench)
        _tell(bench, lie)

    return Case(name, what, "liar", arrange, outcome, says, seconds)


def _tell(bench: Bench, lie: Lie) -> None:
    assert bench.liar is not None
    bench.liar.lie = lie


def twice(request: dict[str, Any], number: int) -> Frames:
    return [truth(request)] * 2


def reordered() -> Lie:
    """Every third request is answered behind the one after it."""
    held: list[bytes] = []

    def lie(request: dict[str, Any], number: int) -> Frames:
        if number % 3 == 0:
            held.append(truth(request))
            return []
        frames = [truth(request), *held]
        held.clear()
        return frames

    return lie


def late(seconds: float) -> Lie:
    def lie(request: dict[str, Any], number: int) -> Frames:
        wait(seconds)
        return [truth(request)]

    return lie


def far(request: dict[str, Any], number: int) -> Frames:
    return [truth(request, **{wire.ACTIONS: np.full((HORIZON, 7), 1e6, np.float32)})]


def frame(make: Callable[[dict[str, Any]], bytes | str]) -> Lie:
    return lambda request, number: [make(request)]


def another_robot(bench: Bench) -> None:
    """The connection ends, and the server that answers next drives another robot."""
    assert bench.liar is not None
    bench.liar.hello = {}

    def lie(request: dict[str, Any], number: int) -> Frames:
        assert bench.liar is not None
        bench.liar.hello = {wire.EMBODIMENT: {**ROBOT.to_dict(), "name": "another"}}
        return [bytes(wire.MAX_FRAME_BYTES + 1)]  # no client takes that: it closes the connection

    bench.liar.lie = once(lie)


ENDS = "ends"
CASES = (
    case(
        "nan_chunk", "one number of a chunk is NaN", from_now_on(nan), ENDS, "NaN or infinity in the actions"
    ),
    case(
        "short_chunk",
        "a row is missing",
        from_now_on(wrong(actions=np.zeros((29, 7), "f4"))),
        ENDS,
        "got actions",
    ),
    case(
        "narrow_chunk",
        "a number is missing",
        from_now_on(wrong(actions=np.zeros((30, 6), "f4"))),
        ENDS,
        "got actions",
    ),
    case(
        "integers",
        "actions are integers",
        from_now_on(wrong(actions=np.zeros((30, 7), "i4"))),
        ENDS,
        "got actions",
    ),
    case("no_actions", "actions are text", from_now_on(wrong(actions="none")), ENDS, "got actions 'none'"),
    case(
        "refusal",
        "the server refuses, in words",
        from_now_on(frame(lambda r: "no such robot")),
        ENDS,
        "no such robot",
    ),
    case(
        "garbage_answer",
        "the answer is no message",
        from_now_on(frame(lambda r: b"\xc1" * 99)),
        ENDS,
        "not msgpack",
    ),
    case(
        "half_a_message",
        "a frame holds half an answer",
        from_now_on(frame(lambda r: truth(r)[:400])),
        ENDS,
        "frame",
    ),
    case(
        "oversized_answer",
        "an answer of 64 MiB and a byte",
        once(frame(lambda r: bytes(wire.MAX_FRAME_BYTES + 1))),
        "unharmed",
        "connection lost|silent for",
        5.0,
    ),
    case("duplicated", "every answer comes twice", from_now_on(twice), "unharmed", ""),
    case("reordered", "answers change places", reordered(), "recovers", "silent for", 6.0),
    case(
        "foreign_id",
        "the answer is to another's request",
        once(wrong(request_id=7**9)),
        "unharmed",
        "silent for",
        5.0,
    ),
    case("late_once", "one answer takes 0.5 s", once(late(0.5)), "unharmed", "", 4.0),
    case(
        "always_too_late",
        "all answers take longer than the client waits",
        from_now_on(late(TIMEOUT_S)),
        ENDS,
        "silent",
        6.0,
    ),
    case("far_away", "commands a million metres away", from_now_on(far), "unharmed", "arm.pose box"),
    Case(
        "another_robot",
        "the server comes back for another robot",
        "liar",
        another_robot,
        "ends",
        "came back with another embodiment",
        6.0,
    ),
)
