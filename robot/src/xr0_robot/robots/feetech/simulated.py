"""A bus of servos that exist in memory only, on a line that loses, garbles and invents bytes: for tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xr0_robot.robots.feetech import packets
from xr0_robot.robots.feetech.bus import (
    GOAL_POSITION,
    HOMING_OFFSET,
    MAX_POSITION,
    MIN_POSITION,
    PRESENT_POSITION,
    TORQUE,
    Register,
)
from xr0_robot.robots.feetech.calibration import Joint

MEMORY = 128
"""Bytes of a servo's memory."""
LAG = 0.5
"""Share of the way to its goal that a servo covers from one command to the next."""


class SimulatedPort:
    """What `Port` asks for. loss, noise: probabilities that a status never arrives, or arrives with a bit
    turned and a stray byte before it. silent: servos that are not there."""

    def __init__(self, joints: Sequence[Joint], seed: int = 0, loss: float = 0.0, noise: float = 0.0) -> None:
        self._rng = np.random.default_rng(seed)
        self._loss, self._noise = loss, noise
        self._received = b""
        self._memory = {joint.id: bytearray(MEMORY) for joint in joints}
        self.silent: set[int] = set()
        self.errors: dict[int, int] = {}
        """Servo to the error bits that it reports."""
        for joint in joints:
            middle = (joint.range_min + joint.range_max) // 2
            for register, value in {
                HOMING_OFFSET: joint.homing_offset,
                MIN_POSITION: joint.range_min,
                MAX_POSITION: joint.range_max,
                PRESENT_POSITION: middle,
            }.items():
                self.poke(joint.id, register, value)

    def peek(self, servo: int, register: Register) -> int:
        """What stands in a servo's memory."""
        return register.decode(bytes(self._memory[servo][_place(register)]))

    def poke(self, servo: int, register: Register, value: int) -> None:
        """Change it."""
        self._memory[servo][_place(register)] = register.encode(value)

    def write(self, data: bytes) -> int:
        """One whole instruction, obeyed at once."""
        body = data[2:-1]
        if data[:2] != packets.HEADER or packets.checksum(body) != data[-1]:
            return len(data)
        servo, code, parameters = body[0], body[2], body[3:]
        if code == packets.SYNC_WRITE:
            self._set(parameters)
        elif code == packets.SYNC_READ:
            address, size, *servos = parameters
            for each in servos:
                self._answer(each, bytes(self._memory[each][address : address + size]))
        elif code == packets.WRITE and servo in self._memory:
            self._store(servo, parameters[0], parameters[1:])
            self._answer(servo, b"")
        return len(data)

    def read(self, size: int) -> bytes:
        """What has arrived; nothing more ever does."""
        taken, self._received = self._received[:size], self._received[size:]
        return taken

    def reset_input_buffer(self) -> None:
        """Forget it."""
        self._received = b""

    def close(self) -> None:
        """Nothing to give back."""

    def _set(self, parameters: bytes) -> None:
        address, size = parameters[:2]
        rows = parameters[2:]
        for at in range(0, len(rows), size + 1):
            self._store(rows[at], address, rows[at + 1 : at + 1 + size])
        for servo in self._memory:
            self._move(servo)

    def _store(self, servo: int, address: int, data: bytes) -> None:
        if servo not in self.silent:
            self._memory[servo][address : address + len(data)] = data

    def _move(self, servo: int) -> None:
        if self.peek(servo, TORQUE):
            now, goal = self.peek(servo, PRESENT_POSITION), self.peek(servo, GOAL_POSITION)
            self.poke(servo, PRESENT_POSITION, now + round(LAG * (goal - now)))

    def _answer(self, servo: int, data: bytes) -> None:
        if servo in self.silent or self._rng.random() < self._loss:
            return
        body = bytes([servo, len(data) + 2, self.errors.get(servo, 0)]) + data
        packet = bytearray(packets.HEADER + body + bytes([packets.checksum(body)]))
        if self._rng.random() < self._noise:
            packet[self._rng.integers(len(packet))] ^= 1 << int(self._rng.integers(8))
            packet[:0] = self._rng.bytes(1)
        self._received += bytes(packet)


def _place(register: Register) -> slice:
    return slice(register.address, register.address + register.size)
