"""Who may ask, and how much: API keys of robots or groups of them, with their limits. No clock."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

BURST_S = 1.0
"""A group may save up this much of its rate: robots of one cell start together."""


@dataclass(frozen=True)
class Group:
    """Robots that share a key.

    key: None where anybody may come. robots: how many may be connected at once; requests_per_s: of all of
    them together; None: without limit.
    """

    name: str
    key: str | None = None
    robots: int | None = None
    requests_per_s: float | None = None

    def __post_init__(self) -> None:
        if self.key is not None and (not self.key or not self.key.isascii() or not self.key.isprintable()):
            raise ValueError(f"keys: {self.name!r} has a key that is empty or not plain ASCII text")
        for limit in (self.robots, self.requests_per_s):
            if limit is not None and not limit > 0:
                raise ValueError(f"keys: {self.name!r} has a limit of {limit}, expected more than 0")


ANYBODY = (Group("anybody"),)
"""No key is asked for."""


def groups(key: str | None, file: Path | None) -> tuple[Group, ...]:
    """From a single key without limits, from a file (`read`), or without either; ValueError for both."""
    if key is not None and file is not None:
        raise ValueError("keys: got an API key and a file of keys, expected one of them")
    if file is not None:
        return read(file)
    return ANYBODY if key is None else (Group("default", key),)


def read(path: Path) -> tuple[Group, ...]:
    """From JSON: `{"cell-1": {"key": "...", "robots": 8, "requests_per_s": 40}, ...}`; ValueError, one line,
    for anything else."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"keys: cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise ValueError(f"keys: {path} is not JSON: {error}") from error
    if not isinstance(content, dict) or not content:
        raise ValueError(f"keys: {path} holds no groups, expected a map of names to key and limits")
    found = tuple(_group(name, told) for name, told in content.items())
    if len({group.key for group in found}) < len(found):
        raise ValueError(f"keys: {path} has one key twice")
    return found


def _group(name: str, told: Any) -> Group:
    known = [field.name for field in fields(Group) if field.name != "name"]
    if not isinstance(told, Mapping) or not isinstance(told.get("key"), str) or not set(told) <= set(known):
        got = sorted(told) if isinstance(told, Mapping) else type(told).__name__
        raise ValueError(
            f"keys: {name!r} has {got}, expected a key (text) and some of {', '.join(known[1:])}"
        )
    robots, rate = told.get("robots"), told.get("requests_per_s")
    if type(robots) not in (int, type(None)) or type(rate) not in (int, float, type(None)):
        raise ValueError(
            f"keys: {name!r} has robots {robots!r} and requests_per_s {rate!r}, "
            "expected a whole number and a number, or null"
        )
    return Group(name, told["key"], robots, None if rate is None else float(rate))


class Counted:
    """A group, its connections and what it may still ask."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self.connected = 0
        self._saved = self._most = max(1.0, (group.requests_per_s or 0.0) * BURST_S)
        self._last_s: float | None = None

    def full(self) -> str | None:
        """Why another robot may not connect; None where it may."""
        most = self.group.robots
        if most is None or self.connected < most:
            return None
        return f"{self.group.name} has {self.connected} robots connected, its limit is {most}"

    def spend(self, now_s: float) -> str | None:
        """Why another request may not be asked; None where it may, and has been counted."""
        rate = self.group.requests_per_s
        if rate is None:
            return None
        passed_s = 0.0 if self._last_s is None else now_s - self._last_s
        self._saved, self._last_s = min(self._most, self._saved + rate * passed_s), now_s
        if self._saved < 1.0:
            return f"{self.group.name} asks more than {rate:g} times a second, its limit"
        self._saved -= 1.0
        return None


class Keys:
    """All groups of a server."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self._groups = [Counted(group) for group in groups]

    def of(self, headers: Sequence[str]) -> Counted | None:
        """The group of who sends these Authorization headers; None for nobody's key.

        Compared in constant time: how long a refusal takes must not tell how much of a guess was right.
        """
        if self._groups[0].group.key is None:
            return self._groups[0]
        got = headers[0].encode() if len(headers) == 1 else b""
        found = [hmac.compare_digest(got, f"Api-Key {each.group.key}".encode()) for each in self._groups]
        return self._groups[found.index(True)] if any(found) else None
