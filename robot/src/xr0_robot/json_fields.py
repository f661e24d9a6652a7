"""Dataclasses from plain JSON data: unknown and missing fields and other types are refused, by place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar

TYPES: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "bool": (bool,),
    "int": (int,),
    "int | None": (int, type(None)),
    "float": (int, float),
    "float | None": (int, float, type(None)),
}
"""What JSON may hold for a field, by its annotation; the others are checked where they are built."""

Part = TypeVar("Part")


def parts(kind: type[Part], data: Any, source: str) -> tuple[Part, ...]:
    """A dataclass from each map of a list; ValueError as `build`."""
    if not isinstance(data, list | tuple):
        raise ValueError(f"{source}: got {type(data).__name__}, expected a list of {kind.__name__} maps")
    return tuple(build(kind, part, f"{source}[{k}]") for k, part in enumerate(data))


def build(kind: type[Part], data: Any, source: str) -> Part:
    """A dataclass from a map of its fields; ValueError for unknown and missing ones and other types."""
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    if not isinstance(data, Mapping):
        raise ValueError(f"{source}: got {type(data).__name__}, expected a map with {', '.join(known)}")
    wrong = [f"unknown {key!r}" for key in data if key not in known]
    wrong += [f"missing {name!r}" for name, f in known.items() if f.default is MISSING and name not in data]
    if wrong:
        raise ValueError(f"{source}: {', '.join(wrong)}, expected {', '.join(known)}")
    for key, value in data.items():
        expected = TYPES.get(str(known[key].type), (object,))
        if not isinstance(value, expected) or (isinstance(value, bool) and int in expected):
            raise ValueError(f"{source}: {key}: got {value!r}, expected {known[key].type}")
    try:
        return kind(**data)
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from error
