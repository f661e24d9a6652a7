"""A log, read: its episodes, each as far as its segments are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xr0_robot import wire
from xr0_robot.executor.observer import Setup
from xr0_robot.flight import segments, values
from xr0_robot.flight.recorder import FORMAT


@dataclass(frozen=True)
class Flight:
    """One episode, or what is left of it, without a gap.

    header: of its first segment; payloads: the records that follow, packed; notes: what is missing, in lines.
    """

    header: Mapping[str, Any]
    setup: Setup
    payloads: tuple[bytes, ...]
    notes: tuple[str, ...]

    @property
    def number(self) -> int:
        """Of the episode in its log."""
        return self.header["episode"]

    def records(self) -> Iterator[dict[str, Any]]:
        """All of them, in order."""
        return map(wire.unpack, self.payloads)


def read(log: Path) -> Iterator[Flight]:
    """The episodes of a folder, oldest first, or those in one segment of it.

    ValueError, in one line, for what is no log, or one of another format.
    """
    paths = segments.segments(log) if log.is_dir() else [log]
    if not paths:
        raise ValueError(f"{log}: got no segments, expected files *{segments.SUFFIX}")
    flight, expected = None, None
    for path in paths:
        segment = segments.read(path)
        if not segment.payloads:
            continue  # the process ended, or the disk was full, before the header was whole
        header = _header(segment)
        notes = () if segment.torn is None else (segment.torn,)
        if flight is not None and (header["episode"], header["part"]) == expected:
            flight = Flight(
                flight.header, flight.setup, flight.payloads + segment.payloads[1:], flight.notes + notes
            )
        else:
            if flight is not None:
                yield flight
            flight = _begin(path, header, segment.payloads[1:], notes)
        expected = None if segment.torn is not None else (header["episode"], header["part"] + 1)
    if flight is not None:
        yield flight


def _begin(path: Path, header: dict[str, Any], payloads: tuple[bytes, ...], notes: tuple[str, ...]) -> Flight:
    if header["part"] > 0:
        notes = (f"{path.name}: the episode's beginning is not here any more", *notes)
    return Flight(header, values.decode(header["setup"]), payloads, notes)


def _header(segment: segments.Segment) -> dict[str, Any]:
    header = wire.unpack(segment.payloads[0])
    if header.get("event") != "header" or header.get("format") != FORMAT:
        raise ValueError(
            f"{segment.path}: got {header.get('event')!r} of format {header.get('format')!r}, expected a "
            f"header of format {FORMAT}"
        )
    return header
