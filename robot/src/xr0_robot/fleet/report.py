"""What passes between a robot and the hub: reports one way, orders the other, as JSON objects.

A frame of bytes from the robot is its newest picture, a JPEG. No time is sent: the hub's clock counts, so a
robot with a wrong one is seen as it is.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

State = Literal["working", "holding", "stopped", "help"]
"""working; holding: nothing to do, or held by a person; stopped: by its e-stop; help: it waits for a
person."""

What = Literal["hold", "resume", "stop", "release", "instruct"]
"""hold: stand still; resume: go on, from a hold or a call for help; stop, release: its e-stop; instruct: do
something else from now on."""

MAX_TEXT = 400
"""Characters of an instruction or a reason."""

MAX_NAME = 60

MAX_PICTURE = 256 * 1024
"""Bytes of a picture."""

MAX_COUNT = 2**53
"""What a page's numbers hold."""


@dataclass(frozen=True)
class Report:
    """How a robot is.

    pieces, failures: since it joined; latency_ms: of the newest inference; missed: ticks without a fresh
    command; doubt: how much the newest plans disagree, over what is usual for this robot. ValueError, one
    line, for what cannot be.
    """

    instruction: str
    state: State
    why: str = ""
    pieces: int = 0
    failures: int = 0
    missed: int = 0
    latency_ms: float | None = None
    doubt: float | None = None

    def __post_init__(self) -> None:
        for name in ("instruction", "why"):
            _text(name, getattr(self, name), MAX_TEXT)
        if self.state not in get_args(State):
            raise ValueError(f"state: got {self.state!r}, expected one of {', '.join(get_args(State))}")
        for name in ("pieces", "failures", "missed"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_COUNT:
                raise ValueError(f"{name}: got {value!r}, expected a count")
        for name in ("latency_ms", "doubt"):
            value = getattr(self, name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if value is not None and not (number and math.isfinite(value) and value >= 0):
                raise ValueError(f"{name}: got {value!r}, expected a number of 0 or more, or none")

    def to_dict(self) -> dict[str, Any]:
        """As it is sent."""
        return asdict(self)


@dataclass(frozen=True)
class Order:
    """What a person tells a robot. number: of the order, which its answer repeats; by: who."""

    number: int
    what: What
    by: str
    instruction: str = ""

    def __post_init__(self) -> None:
        if self.what not in get_args(What):
            raise ValueError(f"order: got {self.what!r}, expected one of {', '.join(get_args(What))}")
        _text("instruction", self.instruction, MAX_TEXT)
        if self.what == "instruct" and not self.instruction.strip():
            raise ValueError("instruct: got no sentence, expected one")

    def to_dict(self) -> dict[str, Any]:
        """As it is sent."""
        return asdict(self)


def report(values: Mapping[str, Any]) -> Report:
    """From what was sent; ValueError for unknown or missing names."""
    return Report(**_known(Report, values, ("instruction", "state")))


def order(values: Mapping[str, Any]) -> Order:
    """From what was sent; ValueError for unknown or missing names."""
    return Order(**_known(Order, values, ("number", "what", "by")))


def read(frame: str) -> dict[str, Any]:
    """A JSON object; ValueError, one line, for anything else."""
    try:
        content = json.loads(frame)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"got a text frame that is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"got a JSON {type(content).__name__}, expected an object")
    return content


def name_of(value: object) -> str:
    """A robot's name."""
    _text("robot", value, MAX_NAME)
    name = str(value).strip()
    if not name:
        raise ValueError("robot: got no name, expected one")
    return name


def line(text: str) -> str:
    """Of any text, what can be sent: one printable line, cut where it is too long."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:MAX_TEXT]


def _known(kind: type, values: Mapping[str, Any], needed: tuple[str, ...]) -> dict[str, Any]:
    names = [field.name for field in fields(kind)]
    unknown, missing = sorted(set(values) - set(names)), [name for name in needed if name not in values]
    if unknown or missing:
        raise ValueError(
            f"{kind.__name__.lower()}: got unknown {', '.join(unknown) or 'nothing'} and missing "
            f"{', '.join(missing) or 'nothing'}, expected {', '.join(names)}"
        )
    return dict(values)


def _text(name: str, value: object, most: int) -> None:
    if not isinstance(value, str) or len(value) > most or not value.isprintable():
        raise ValueError(f"{name}: got {str(value)[:40]!r}, expected printable text of at most {most}")
