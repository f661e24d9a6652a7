"""Registers of several servos, read and written over one half-duplex line that loses and garbles packets."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from xr0_robot.robots.feetech import packets
from xr0_robot.robots.feetech.packets import Status

BAUD = 1_000_000
"""Of STS servos as they are delivered."""
ATTEMPTS = 3
"""A packet is lost now and then; three in a row are a cable."""
REPLY_S = 0.02
"""For all answers: six servos need 0.5 ms at 1 Mbaud, a USB adapter may hold back what came for 16 ms."""


class BusError(RuntimeError):
    """A servo does not answer, or says that it is in trouble. One line."""


class Port(Protocol):
    """A serial line; pyserial's `Serial` is one."""

    def write(self, data: bytes, /) -> Any:
        """Send."""
        ...

    def read(self, size: int, /) -> bytes:
        """What arrives within the port's own timeout, at most `size` bytes."""
        ...

    def reset_input_buffer(self) -> Any:
        """Forget what has arrived and was not read."""
        ...

    def close(self) -> Any:
        """Give the line back."""
        ...


def open_port(device: str) -> Port:
    """A real line. OSError for no such device; RuntimeError without pyserial: how to install it."""
    try:
        import serial  # noqa: PLC0415 (optional)  # pyright: ignore
    except ImportError as error:
        raise RuntimeError(f"serial port {device}: {error}; install it: pip install pyserial") from error
    return serial.Serial(device, BAUD, timeout=REPLY_S, write_timeout=REPLY_S)


@dataclass(frozen=True)
class Register:
    """A number in a servo's memory: 1 or 2 bytes; with a sign_bit, its magnitude stands in the bits below."""

    name: str
    address: int
    size: int
    sign_bit: int | None = None

    def encode(self, value: int) -> bytes:
        """ValueError for what does not fit."""
        bits = 8 * self.size if self.sign_bit is None else self.sign_bit
        if not (0 if self.sign_bit is None else -(2**bits) + 1) <= value < 2**bits:
            raise ValueError(f"feetech: got {value} for {self.name}, which has {bits} bits")
        return (abs(value) | (value < 0) << bits).to_bytes(self.size, "little")

    def decode(self, data: bytes) -> int:
        """Inverse to `encode`."""
        value = int.from_bytes(data, "little")
        if self.sign_bit is None:
            return value
        magnitude = value & (1 << self.sign_bit) - 1
        return -magnitude if value >> self.sign_bit & 1 else magnitude


MIN_POSITION = Register("min position limit", 9, 2)
MAX_POSITION = Register("max position limit", 11, 2)
HOMING_OFFSET = Register("homing offset", 31, 2, sign_bit=11)
TORQUE = Register("torque enable", 40, 1)
GOAL_POSITION = Register("goal position", 42, 2, sign_bit=15)
PRESENT_POSITION = Register("present position", 56, 2, sign_bit=15)
"""Addresses and signs: memory table of the STS3215, version 3.7."""


class Bus:
    """Transactions, one at a time, from any thread. Raises BusError after `ATTEMPTS`."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self._lock = threading.Lock()
        self.repeated = 0
        """Transactions that had to be tried again."""
        self.troubles: dict[int, str] = {}
        """Servo to the errors that it reported last; empty while none does."""

    def write(self, servo: int, register: Register, value: int) -> None:
        """One servo's register; returns when the servo has acknowledged it."""
        parameters = bytes([register.address]) + register.encode(value)
        self._ask(packets.instruction(servo, packets.WRITE, parameters), [servo], 0, register)

    def read(self, servos: Iterable[int], register: Register) -> dict[int, int]:
        """The register of each servo, all asked at once, and again those that were not heard."""
        found: dict[int, int] = {}
        missing = list(servos)
        for _ in range(ATTEMPTS):
            asked = bytes([register.address, register.size, *missing])
            packet = packets.instruction(packets.BROADCAST, packets.SYNC_READ, asked)
            for status in self._exchange(packet, missing, register.size):
                found[status.servo] = register.decode(status.data)
            missing = [servo for servo in missing if servo not in found]
            if not missing:
                return found
            self.repeated += 1
        raise BusError(f"feetech: servos {missing} do not answer ({register.name}, {ATTEMPTS} attempts)")

    def set(self, register: Register, values: Mapping[int, int]) -> None:
        """The register of each servo, all at once; none acknowledges it: for what is sent again and again."""
        rows = b"".join(bytes([servo]) + register.encode(value) for servo, value in values.items())
        parameters = bytes([register.address, register.size]) + rows
        with self._lock:
            self._port.write(packets.instruction(packets.BROADCAST, packets.SYNC_WRITE, parameters))

    def _ask(self, packet: bytes, servos: list[int], size: int, register: Register) -> None:
        for _ in range(ATTEMPTS):
            if self._exchange(packet, servos, size):
                return
            self.repeated += 1
        raise BusError(f"feetech: servos {servos} do not answer ({register.name}, {ATTEMPTS} attempts)")

    def _exchange(self, packet: bytes, servos: list[int], size: int) -> list[Status]:
        """The sound answers of these servos."""
        with self._lock:
            self._port.reset_input_buffer()
            self._port.write(packet)
            heard = self._port.read(len(servos) * (packets.AROUND + size))
        answers = [s for s in packets.statuses(heard) if s.servo in servos and len(s.data) == size]
        for status in answers:
            self.troubles.pop(status.servo, None)
            if status.trouble is not None:
                self.troubles[status.servo] = status.trouble
        return answers
