"""What the executor is told and remembers as plain values for `xr0_robot.wire`, and back, bit for bit.

Only the dataclasses of the modules below are built from what a file says; nothing else is ever called.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import ModuleType
from typing import Any, cast

import numpy as np

from xr0_robot import deadlines, limits, segment, types
from xr0_robot.executor import chunks, inference, jitter, latency, methods, observer, safety, strategy, tick
from xr0_robot.types import Observation

MODULES: tuple[ModuleType, ...] = (
    types,
    segment,
    limits,
    deadlines,
    observer,
    strategy,
    methods,
    inference,
    chunks,
    jitter,
    latency,
    safety,
    tick,
)
TYPES: Mapping[str, type] = {
    name: kind
    for module in MODULES
    for name, kind in vars(module).items()
    if isinstance(kind, type) and is_dataclass(kind)
}
"""By the name that stands in a file."""

KIND = "is"
"""Key of a dataclass's name among its fields."""

GIVEN = frozenset(
    {
        "_note",
        "_inference",
        "_strategy",
        "_correct",
        "_delay",
        "_embodiment",
        "_deadlines",
        "_estop",
        "limits",
        "adjustment",
        "_separations",
    }
)
"""Attributes of the executor and of its parts that are given to it anew, not remembered."""


def encode(value: Any) -> Any:
    """Numbers, text, arrays, sequences, maps, this package's dataclasses, errors (type and message).

    The pictures of an observation are left out. ValueError for anything else.
    """
    if value is None or isinstance(value, bool | int | float | str | np.ndarray | np.generic):
        return value
    if isinstance(value, Exception):
        return {"error": type(value).__name__, "text": str(value), "family": family(value).__name__}
    if isinstance(value, Observation):
        told = {"instruction": value.instruction, "time_s": value.time_s, "times_s": dict(value.times_s)}
        return {KIND: "Observation", "state": value.state, **told}
    if TYPES.get(type(value).__name__) is type(value):
        own = {field.name: encode(getattr(value, field.name)) for field in fields(value)}
        return {KIND: type(value).__name__, **own}
    if isinstance(value, Mapping):
        return {key: encode(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | deque):
        return [encode(inner) for inner in value]
    raise ValueError(f"flight: got a {type(value).__name__}, which has no place in a log")


FAMILIES = (ConnectionError, RuntimeError, ValueError, Exception)
"""What the executor tells apart in errors."""


def family(error: Exception) -> type[Exception]:
    """The first that it belongs to."""
    return next(kind for kind in FAMILIES if isinstance(error, kind))


def decode(value: Any) -> Any:
    """Inverse of `encode`; sequences become tuples. ValueError for a type unknown here."""
    if isinstance(value, list):
        return tuple(decode(inner) for inner in value)
    if isinstance(value, np.ndarray):
        return value.copy()  # a view of the file's bytes, which cannot be written to
    if not isinstance(value, dict):
        return value
    if "error" in value and "family" in value:
        return _error(value)
    inner = {key: decode(each) for key, each in value.items() if key != KIND}
    if KIND not in value:
        return inner
    kind = value[KIND]
    if kind not in TYPES:
        raise ValueError(f"flight: got a {kind!r}, expected one of {', '.join(sorted(TYPES))}")
    if kind == "Observation":
        inner = {"images": {}, **inner}
    try:
        return TYPES[kind](**inner)
    except TypeError as error:
        raise ValueError(f"flight: {kind} of another version: {error}") from error


def _error(value: Mapping[str, Any]) -> Exception:
    """One that the executor, and `encode`, cannot tell from the original."""
    base = {kind.__name__: kind for kind in FAMILIES}.get(value["family"], Exception)
    return cast("Exception", type(str(value["error"]), (base,), {})(value["text"]))


def remembered(thing: object) -> dict[str, Any]:
    """What an executor or a part of it remembers, attribute by attribute."""
    return {name: _attribute(value) for name, value in vars(thing).items() if name not in GIVEN}


def remind(thing: object, memory: Mapping[str, Any]) -> None:
    """Give a new executor, made of the same parts, the memory of another."""
    for name, value in memory.items():
        if not hasattr(thing, name):
            raise ValueError(f"flight: {type(thing).__name__} of another version: it has no {name}")
        now = getattr(thing, name)
        if _is_part(now):
            remind(now, value)
        elif isinstance(now, list | deque):
            now.clear()
            now.extend(value.tolist() if isinstance(value, np.ndarray) else decode(value))
        else:
            setattr(thing, name, decode(value))


def _attribute(value: Any) -> Any:
    if _is_part(value):
        return remembered(value)
    if isinstance(value, list | deque) and value and all(type(each) in (int, float) for each in value):
        return np.array(value)  # may be long, and costs one item of a frame's budget so
    return encode(value)


def _is_part(value: object) -> bool:
    """An object of the executor that changes; what cannot is a value."""
    return type(value).__module__.startswith("xr0_robot.executor.") and type(value).__name__ not in TYPES
