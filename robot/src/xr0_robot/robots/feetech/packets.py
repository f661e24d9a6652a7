"""What is said on the bus: Feetech's Communication Protocol User Manual (191218-0923), sections 1.1 to 1.3.

    instruction  FF FF id length code parameters checksum
    status       FF FF id length errors data checksum

length counts what follows it; the checksum is the inverted sum of all between header and itself. STS servos
send the low byte of a number first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

HEADER = b"\xff\xff"
BROADCAST = 0xFE
"""All servos listen, none answers, but to SYNC_READ each that is asked."""
MAX_ID = 0xFD

PING, READ, WRITE, SYNC_READ, SYNC_WRITE = 0x01, 0x02, 0x03, 0x82, 0x83

AROUND = 6
"""Bytes of a status beside its data."""

ERRORS = {
    0: "voltage out of range",
    1: "angle sensor failed",
    2: "too hot",
    3: "current too high",
    5: "overloaded",
}
"""By bit of a status's errors (memory table of the STS series)."""


@dataclass(frozen=True)
class Status:
    """A servo's answer."""

    servo: int
    errors: int
    data: bytes

    @property
    def trouble(self) -> str | None:
        """Its errors in words."""
        bits = [bit for bit in range(8) if self.errors >> bit & 1]
        return ", ".join(ERRORS.get(bit, f"error bit {bit}") for bit in bits) or None


def instruction(servo: int, code: int, parameters: bytes = b"") -> bytes:
    """A packet to one servo, or to all."""
    if servo not in (*range(MAX_ID + 1), BROADCAST):
        raise ValueError(f"feetech: got servo {servo}, expected 0 to {MAX_ID}, or {BROADCAST} for all")
    body = bytes([servo, len(parameters) + 2, code]) + parameters
    return HEADER + body + bytes([checksum(body)])


def checksum(body: bytes) -> int:
    """Of what stands between header and checksum."""
    return ~sum(body) & 0xFF


def statuses(data: bytes) -> Iterator[Status]:
    """The whole, unbroken packets in what was received; noise between them is passed over."""
    at = data.find(HEADER)
    while at >= 0:
        end = _end(data, at)
        if end is None:
            at = data.find(HEADER, at + 1)
        else:
            yield Status(data[at + 2], data[at + 4], data[at + 5 : end - 1])
            at = data.find(HEADER, end)


def _end(data: bytes, at: int) -> int | None:
    """Where the packet that begins here ends; None where none does."""
    if at + AROUND > len(data) or data[at + 2] > MAX_ID:
        return None
    end = at + 4 + data[at + 3]
    whole = at + AROUND <= end <= len(data)
    return end if whole and checksum(data[at + 2 : end - 1]) == data[end - 1] else None
