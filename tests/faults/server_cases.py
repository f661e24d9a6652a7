"""The brain dies, stalls, is out of reach, or shares its time with strangers."""

from __future__ import annotations

import contextlib
import signal
import threading
from dataclasses import replace

import numpy as np
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from faults.bench import FAULT_TICK, Bench, Case, impatient
from faults.marching import ROBOT
from faults.proxy import HOST, Proxy
from xr0_robot import wire


def killed(bench: Bench) -> None:
    impatient(bench)
    bench.at(FAULT_TICK, bench.kill)


def killed_and_restarted(bench: Bench) -> None:
    bench.deadlines = replace(bench.deadlines, patience_s=20.0)  # a busy machine starts slowly
    bench.at(FAULT_TICK, bench.kill)
    bench.at(FAULT_TICK + 40, bench.restart)


def killed_while_latching(bench: Bench) -> None:
    killed_and_restarted(bench)
    bench.deadlines = replace(bench.deadlines, latch_s=0.5)
    bench.at(FAULT_TICK + 360, bench.estop.release)


def stalled_process(bench: Bench) -> None:
    bench.at(FAULT_TICK, lambda: bench.signal(signal.SIGSTOP))
    bench.at(FAULT_TICK + 60, lambda: bench.signal(signal.SIGCONT))


def terminated(bench: Bench) -> None:
    impatient(bench)
    bench.at(FAULT_TICK, lambda: bench.signal(signal.SIGTERM))


def _proxy(bench: Bench) -> Proxy:
    assert bench.proxy is not None
    return bench.proxy


def _set(bench: Bench, tick: int, **values: object) -> None:
    bench.at(tick, lambda: vars(_proxy(bench)).update(values))


def half_open(bench: Bench) -> None:
    impatient(bench)
    _set(bench, FAULT_TICK, swallow=True)


def half_open_for_a_while(bench: Bench) -> None:
    _set(bench, FAULT_TICK, swallow=True)
    bench.at(FAULT_TICK + 60, lambda: _proxy(bench).heal())


def stall(bench: Bench) -> None:
    _set(bench, FAULT_TICK, stalled=True)
    _set(bench, FAULT_TICK + 60, stalled=False)


def short_stall(bench: Bench) -> None:
    _set(bench, FAULT_TICK, stalled=True)
    _set(bench, FAULT_TICK + 8, stalled=False)


def dripping(bench: Bench) -> None:
    _set(bench, FAULT_TICK, rate=200.0)
    bench.at(FAULT_TICK + 60, lambda: _proxy(bench).heal())


def slow_reader(bench: Bench) -> None:
    _set(bench, FAULT_TICK, deaf=True)
    bench.at(FAULT_TICK + 60, lambda: _proxy(bench).heal())


def truncated(bench: Bench) -> None:
    _set(bench, FAULT_TICK, cut_after=300)


def cut(bench: Bench) -> None:
    bench.at(FAULT_TICK, lambda: _proxy(bench).cut())


def cut_again_and_again(bench: Bench) -> None:
    for tick in range(FAULT_TICK, FAULT_TICK + 40, 4):
        bench.at(tick, lambda: _proxy(bench).cut())


def _stranger(port: int, frame: bytes | str, times: int) -> None:
    """Comes, sends, reads what it is told, and comes again."""
    for _ in range(times):
        with (
            contextlib.suppress(OSError, WebSocketException),
            connect(f"ws://{HOST}:{port}", compression=None) as it,
        ):
            it.recv(timeout=5)
            it.send(frame)
            it.recv(timeout=5)


def _visited(bench: Bench, frame: bytes | str, times: int = 6) -> None:
    guest = threading.Thread(target=lambda: _stranger(bench.port, frame, times), daemon=True)
    bench.at(FAULT_TICK, guest.start)


def second_client(bench: Bench) -> None:
    images = {wire.image_key(c.key): np.zeros((*c.size, 3), np.uint8) for c in ROBOT.cameras}
    _visited(bench, wire.pack({**images, wire.STATE: np.full(7, 0.2), wire.PROMPT: "go"}))


def garbage_client(bench: Bench) -> None:
    _visited(bench, b"\xc1" * 4000)


def huge_client(bench: Bench) -> None:
    _visited(bench, bytes(wire.MAX_FRAME_BYTES + 1), times=1)


LOST = "connection lost|silent for|refused|timed out|no close frame|did not receive|Errno"
CASES = (
    Case("kill_9", "the server is killed and stays away", "server", killed, "ends", "no usable answer", 5.0),
    Case(
        "kill_9_restart",
        "killed, back after a second",
        "server",
        killed_and_restarted,
        "recovers",
        LOST,
        20.0,
    ),
    Case(
        "kill_9_latch",
        "killed and back; the robot waits until a person releases it",
        "server",
        killed_while_latching,
        "recovers",
        "e-stop: released",
        20.0,
    ),
    Case("sigterm", "the server ends in good order", "server", terminated, "ends", "no usable answer", 5.0),
    Case(
        "sigstop",
        "the server's process stands still for 2 s",
        "server",
        stalled_process,
        "recovers",
        LOST,
        6.0,
    ),
    Case(
        "half_open", "nothing arrives any more, nobody is told", "proxy", half_open, "ends", "silent for", 6.0
    ),
    Case("half_open_heals", "the same, for 2 s", "proxy", half_open_for_a_while, "recovers", LOST, 6.0),
    Case("stall_2s", "everything arrives 2 s late", "proxy", stall, "recovers", LOST, 6.0),
    Case(
        "stall_short", "everything arrives a quarter of a second late", "proxy", short_stall, "unharmed", ""
    ),
    Case("slow_answer", "the answer drips, 200 bytes a second", "proxy", dripping, "recovers", LOST, 6.0),
    Case(
        "slow_reader", "the server's side reads nothing for 2 s", "proxy", slow_reader, "recovers", LOST, 6.0
    ),
    Case("truncated_frame", "the connection is reset within an answer", "proxy", truncated, "unharmed", LOST),
    Case("reconnect_mid_chunk", "reset while a chunk is executed", "proxy", cut, "unharmed", LOST),
    Case(
        "flapping",
        "reset every 4 ticks for more than a second",
        "proxy",
        cut_again_and_again,
        "unharmed",
        LOST,
        6.0,
    ),
    Case("second_client", "another robot asks as well", "server", second_client, "unharmed", ""),
    Case("garbage_client", "a stranger sends what is no request", "server", garbage_client, "unharmed", ""),
    Case("oversized_request", "a stranger sends 64 MiB and a byte", "server", huge_client, "unharmed", ""),
)
