"""The robot's own side fails: cameras, clock, driver, disk; or a person stops it."""

from __future__ import annotations

import errno
from dataclasses import replace

import numpy as np

from faults.bench import FAULT_TICK, Bench, Case, impatient, wait
from xr0_robot.flight.recorder import Recorder
from xr0_robot.types import Observation


def _sees(bench: Bench, first: int, last: int, change) -> None:
    """Observations of these ticks are changed."""

    def see(observation: Observation) -> Observation:
        return change(observation) if first <= bench.robot.ticks <= last else observation

    bench.robot.see = see


def frozen(bench: Bench, last: int = FAULT_TICK + 60) -> None:
    kept: list[Observation] = []

    def freeze(observation: Observation) -> Observation:
        kept.append(observation)
        return kept[0]

    _sees(bench, FAULT_TICK, last, freeze)


def one_frozen(bench: Bench) -> None:
    def freeze(observation: Observation) -> Observation:
        times_s = {"base": observation.time_s, "wrist": observation.time_s - 0.2}
        images = {**observation.images, "wrist": observation.images["base"]}
        return replace(observation, images=images, time_s=min(times_s.values()), times_s=times_s)

    _sees(bench, FAULT_TICK, FAULT_TICK + 60, freeze)


def frozen_for_good(bench: Bench) -> None:
    impatient(bench)
    frozen(bench, last=10**6)


def ancient(bench: Bench) -> None:
    _sees(bench, FAULT_TICK, FAULT_TICK + 60, lambda o: replace(o, time_s=o.time_s - 5.0))


def from_the_future(bench: Bench) -> None:
    _sees(bench, FAULT_TICK, FAULT_TICK + 60, lambda o: replace(o, time_s=o.time_s + 100.0))


def nan_state(bench: Bench) -> None:
    _sees(bench, FAULT_TICK, 10**6, lambda o: replace(o, state=np.full(7, np.nan)))


def another_picture(bench: Bench) -> None:
    _sees(bench, FAULT_TICK, 10**6, lambda o: replace(o, images={"base": np.zeros((3, 5, 3), np.uint8)}))


def unplugged(bench: Bench) -> None:
    def fail(observation: Observation) -> Observation:
        raise OSError(errno.ENODEV, "the camera is gone")

    _sees(bench, FAULT_TICK, 10**6, fail)


def driver_fails(bench: Bench) -> None:
    def fail() -> None:
        if bench.robot.ticks == FAULT_TICK:
            raise OSError(errno.EIO, "the bus is gone")

    bench.robot.drive = fail


def driver_blocks(bench: Bench) -> None:
    bench.robot.drive = lambda: wait(1.5) if bench.robot.ticks == FAULT_TICK else None


def clock_jumps(bench: Bench) -> None:
    def jump() -> None:
        bench.clock.ahead_s += 3.0

    bench.at(FAULT_TICK, jump)


def stopped(bench: Bench) -> None:
    bench.at(FAULT_TICK, lambda: bench.estop.press("a person is near"))
    bench.at(FAULT_TICK + 30, bench.estop.release)


def stopped_while_the_server_dies(bench: Bench) -> None:
    bench.deadlines = replace(bench.deadlines, patience_s=20.0)  # a busy machine starts slowly
    stopped(bench)
    bench.at(FAULT_TICK + 2, bench.kill)
    bench.at(FAULT_TICK + 20, bench.restart)


class _FullDisk:
    """A sink that has room for some records."""

    full = False

    def __init__(self, room: int) -> None:
        self._room = room

    def open(self) -> int:
        return 0

    def write(self, payload: bytes) -> None:
        self._room -= 1
        if self._room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")

    def close(self) -> None:
        pass


def disk_full(bench: Bench) -> None:
    bench.observer = Recorder(_FullDisk(100))


CASES = (
    Case(
        "camera_freeze",
        "the camera repeats a picture for 2 s",
        "server",
        frozen,
        "recovers",
        "the pictures are .* s old",
        6.0,
    ),
    Case(
        "camera_frozen",
        "the camera repeats a picture for ever",
        "server",
        frozen_for_good,
        "ends",
        "no usable answer",
        6.0,
    ),
    Case(
        "cameras_apart",
        "one camera lags behind the other",
        "server",
        one_frozen,
        "recovers",
        "cameras 'wrist' and 'base'",
        6.0,
    ),
    Case(
        "old_observation",
        "observations older than the plan",
        "server",
        ancient,
        "recovers",
        "the pictures are 5",
        6.0,
    ),
    Case(
        "camera_clock",
        "the camera's clock is another",
        "server",
        from_the_future,
        "recovers",
        "another clock's",
        6.0,
    ),
    Case("camera_unplugged", "the camera's driver raises", "server", unplugged, "ends", "the camera is gone"),
    Case(
        "another_resolution",
        "the camera changes its size",
        "server",
        another_picture,
        "ends",
        "camera 'base': got",
    ),
    Case("nan_state", "the encoders say NaN", "server", nan_state, "ends", "state: got NaN"),
    Case("driver_raises", "the robot's driver raises", "server", driver_fails, "ends", "the bus is gone"),
    Case(
        "driver_blocks",
        "a command takes 1.5 s",
        "server",
        driver_blocks,
        "recovers",
        "the plan is .* s late",
        6.0,
    ),
    Case(
        "clock_jump",
        "the process was suspended for 3 s",
        "server",
        clock_jumps,
        "recovers",
        "the plan is .* s late",
        5.0,
    ),
    Case(
        "e_stop",
        "a person presses and releases",
        "server",
        stopped,
        "recovers",
        "e-stop: a person is near",
        5.0,
    ),
    Case(
        "e_stop_and_kill_9",
        "the server dies and comes back meanwhile",
        "server",
        stopped_while_the_server_dies,
        "recovers",
        "e-stop: released",
        20.0,
    ),
    Case(
        "disk_full", "the recorder's disk is full", "server", disk_full, "unharmed", "flight recorder stops"
    ),
)
