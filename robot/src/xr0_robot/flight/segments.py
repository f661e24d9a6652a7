"""A log on disk: a folder of segments, each a file of records with a length and a checksum, bounded in all.

A record is written by one write(2), without a buffer of ours: what was written survives the death of the
process. What survives a power cut is up to the operating system: an fsync, even of another thread, can make
the next write wait, and that is the control loop's.
"""

from __future__ import annotations

import errno
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

SUFFIX = ".flight"
HEAD = struct.Struct("<II")
"""Bytes of the record that follows, and their CRC-32."""
MAX_RECORD = 16 * 2**20
"""Bytes; a longer one is none of ours. The longest are headers and replies, some 10 kB."""


class Ring:
    """The newest segments of a folder, `budget_bytes` of them: the oldest make room for a new one."""

    def __init__(self, folder: Path, budget_bytes: int, segment_bytes: int) -> None:
        if not 0 < 2 * segment_bytes <= budget_bytes:
            raise ValueError(
                f"flight: got segments of {segment_bytes} bytes in {budget_bytes}, expected at least two"
            )
        self._folder = folder
        self._budget_bytes = budget_bytes
        self._segment_bytes = segment_bytes
        self._file: int | None = None
        self._written = 0

    @property
    def full(self) -> bool:
        """Whether the next record belongs into a new segment."""
        return self._written >= self._segment_bytes

    def open(self) -> int:
        """Begin a segment, after those that are there already; returns its number. OSError as the disk has
        it."""
        self.close()
        self._folder.mkdir(parents=True, exist_ok=True)
        present = segments(self._folder)
        sizes = [path.stat().st_size for path in present]
        while present and sum(sizes) + self._segment_bytes > self._budget_bytes:
            present.pop(0).unlink()
            sizes.pop(0)
        number = int(present[-1].stem) + 1 if present else 0
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
        self._file, self._written = os.open(self._folder / f"{number:06d}{SUFFIX}", flags, 0o644), 0
        return number

    def write(self, payload: bytes) -> None:
        """Append a record; OSError where that failed, or only a part of it was written."""
        if self._file is None:
            raise OSError(errno.EBADF, "no segment is open")
        if not 0 < len(payload) <= MAX_RECORD:
            raise ValueError(f"flight: got a record of {len(payload)} bytes, expected at most {MAX_RECORD}")
        record = HEAD.pack(len(payload), zlib.crc32(payload)) + payload
        done = os.write(self._file, record)
        self._written += done
        if done < len(record):
            raise OSError(errno.ENOSPC, f"wrote {done} of {len(record)} bytes")

    def close(self) -> None:
        """End the segment."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


@dataclass(frozen=True)
class Segment:
    """What a file holds. torn: what is wrong with its end, in one line; None where nothing is."""

    path: Path
    payloads: tuple[bytes, ...]
    torn: str | None


def segments(log: Path) -> list[Path]:
    """Of a folder, oldest first; ValueError if a name is none of ours."""
    found = sorted(log.glob(f"*{SUFFIX}"))
    foreign = [path.name for path in found if not path.stem.isdigit()]
    if foreign:
        raise ValueError(f"{log}: got {foreign[0]}, expected numbers as in 000000{SUFFIX}")
    return found


def read(path: Path) -> Segment:
    """All whole records of a file, up to the first that is not."""
    data, payloads, start = path.read_bytes(), [], 0
    while start < len(data):
        payload = _payload(data, start)
        if payload is None:
            torn = f"{path.name}: the last {len(data) - start} bytes are no whole record, and are left out"
            return Segment(path, tuple(payloads), torn)
        payloads.append(payload)
        start += HEAD.size + len(payload)
    return Segment(path, tuple(payloads), None)


def _payload(data: bytes, start: int) -> bytes | None:
    if start + HEAD.size > len(data):
        return None
    size, checksum = HEAD.unpack_from(data, start)
    payload = data[start + HEAD.size : start + HEAD.size + size]
    whole = 0 < size <= MAX_RECORD and len(payload) == size
    return payload if whole and zlib.crc32(payload) == checksum else None
