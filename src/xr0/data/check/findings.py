"""What a check found: errors, which refuse a dataset, and warnings, each one line."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Findings:
    """Lines for people, in the order in which they were found."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass
class Tally:
    """How often something was seen, and where first."""

    count: int = 0
    first: str = ""

    def add(self, count: int, where: str) -> None:
        """`count` more, the first of them at `where`."""
        if count and not self.count:
            self.first = where
        self.count += count

    def __str__(self) -> str:
        return f"{self.count} {'time' if self.count == 1 else 'times'}, first in {self.first}"


def place(episode: int, frame: int) -> str:
    """For messages."""
    return f"episode {episode}, frame {frame}"
