"""What a server keeps of storms that come and go, and what a robot at work notices of them.

Usage: python -m faults.storms OUT.json [ROUNDS]
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
import threading
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from faults.fuzz import mutated, resident_mb
from faults.marching import ROBOT, Marching
from xr0.cli import launch
from xr0.serve.keys import Group
from xr0.serve.server import Settings, serve
from xr0_robot import report, wire
from xr0_robot.client import Client
from xr0_robot.deadlines import Urgency
from xr0_robot.types import Observation

ROUNDS = 12
WARM = 2
"""Rounds after which a server has what it needs: buffers, threads, code."""

CROWD, STALLED, FLOOD, NONSENSE = 1000, 20, 500, 2000
"""Robots that reconnect at once, that read nothing; requests of one key; mutated frames."""

WORK, STORM = "work", "storm"
"""Keys."""

GROUPS = (Group("cell", WORK), Group("lab", STORM, requests_per_s=200.0))

PERIOD_S = 1 / 3
"""Of the robot at work."""

CLOCKS_MS = ((0.0, 0.0), (9e8, 9e8), (5000.0, 1.0), (1e-9, 9e8), (-5.0, 100.0), (1e12, 1e12))
"""Deadline and expiry of robots with a wrong clock: passed, years ahead, the end before the beginning."""

PICTURES = {camera.key: np.zeros((*camera.size, 3), np.uint8) for camera in ROBOT.cameras}
STATE = np.full(7, 0.2)


def frame(**extra: Any) -> bytes:
    """A request."""
    images = {wire.image_key(key): image for key, image in PICTURES.items()}
    return wire.pack({**images, wire.STATE: STATE, wire.PROMPT: "go", **extra})


def authorized(key: str | None) -> dict[str, str]:
    """Headers of a request."""
    return {} if key is None else {"Authorization": f"Api-Key {key}"}


def opened(url: str, key: str | None) -> connect:
    """A connection, with the patience that a thousand at once need."""
    told = authorized(key)
    return connect(url, compression=None, open_timeout=60, close_timeout=0.5, additional_headers=told)


async def reconnects(url: str, key: str | None, count: int = CROWD) -> None:
    """All connect at once, ask, and are gone without waiting."""

    async def visit() -> None:
        async with opened(url, key) as socket:
            await socket.recv()
            await socket.send(frame())

    await asyncio.gather(*(visit() for _ in range(count)))


async def stalls(url: str, key: str | None, count: int = STALLED) -> None:
    """Robots that ask and ask and read no answer."""

    async def stall() -> None:
        async with opened(url, key) as socket:
            for _ in range(50):
                await socket.send(frame())
            await asyncio.sleep(1.0)

    await asyncio.gather(*(stall() for _ in range(count)))


async def wrong_clocks(url: str, key: str | None) -> None:
    """Deadlines that cannot be meant."""
    async with opened(url, key) as socket:
        await socket.recv()
        for deadline_ms, expires_ms in CLOCKS_MS * 5:
            await socket.send(frame(deadline_ms=deadline_ms, expires_ms=expires_ms))
            await socket.recv()


async def flood(url: str, key: str | None, count: int = FLOOD) -> None:
    """One robot, as fast as the wire takes it."""

    async def read(socket: ClientConnection) -> None:
        for _ in range(1 + count):
            await socket.recv()

    async with opened(url, key) as socket:
        reading = asyncio.create_task(read(socket))
        for _ in range(count):
            await socket.send(frame())
        await asyncio.wait_for(reading, 60)


async def nonsense(url: str, key: str | None, count: int = NONSENSE) -> None:
    """Mutated requests; whoever is shown the door comes back."""
    rng, source, sent = random.Random(0), [frame()], 0
    while sent < count:
        with contextlib.suppress(ConnectionClosed):
            async with opened(url, key) as socket:
                await socket.recv()
                while sent < count:
                    sent += 1
                    await socket.send(mutated(rng, source))
                    await socket.recv()


STORMS: tuple[Callable[[str, str | None], Awaitable[None]], ...] = (
    reconnects,
    stalls,
    wrong_clocks,
    flood,
    nonsense,
)


class AtWork:
    """A robot that asks, and how long it waited for each answer [s]. urgency: of its requests; by default
    its plan lasts another 0.5 s."""

    def __init__(self, urgency: Urgency = Urgency(0.5, 1.2)) -> None:  # noqa: B008
        self._urgency = urgency
        self.waits_s: list[float] = []
        self.failures: list[str] = []

    @contextlib.contextmanager
    def asking(self, url: str, key: str | None = None, period_s: float = PERIOD_S) -> Iterator[None]:
        """Until the context is left."""
        done = threading.Event()

        def work(client: Client) -> None:
            while not done.is_set():
                start_s = time.monotonic()
                try:
                    client.infer(Observation(PICTURES, STATE, "go", 0.0), urgency=self._urgency)
                    self.waits_s.append(time.monotonic() - start_s)
                except (OSError, RuntimeError) as error:
                    self.failures.append(f"{type(error).__name__}: {error}")
                done.wait(max(0.0, start_s + period_s - time.monotonic()))

        with Client(url, api_key=key) as client:
            thread = threading.Thread(target=work, args=(client,))
            thread.start()
            try:
                yield
            finally:
                done.set()
                thread.join(30)


def connections(url: str, key: str | None = None) -> int:
    """By the server's own count."""
    asked = urllib.request.Request(url.replace("ws://", "http://") + "/metrics", headers=authorized(key))
    with urllib.request.urlopen(asked, timeout=20) as answer:
        lines = answer.read().decode().splitlines()
    return round(float(next(line for line in lines if line.startswith("xr0_connections ")).split()[1]))


def left_alone(url: str, key: str | None = None, within_s: float = 20.0) -> bool:
    """Whether the robot at work is soon the only one that is connected."""
    until_s = time.monotonic() + within_s
    while connections(url, key) != 1 and time.monotonic() < until_s:
        time.sleep(0.05)
    return connections(url, key) == 1


def weather(rounds: int) -> dict[str, Any]:
    """Every storm, again and again; the server's memory [MB] after each round, and the robot's waits."""
    robot, memory_mb = AtWork(), []
    with launch.serving("the server", ("faults.storms", "serve")) as (url, pid), robot.asking(url, WORK):
        for _ in range(rounds):
            for storm in STORMS:
                asyncio.run(storm(url, STORM))
                if not left_alone(url, WORK):
                    stay = connections(url, WORK)
                    raise RuntimeError(f"{storm.__name__}: {stay} connections stay, expected 1")
            memory_mb.append(round(resident_mb(pid), 2))
            print(f"round {len(memory_mb)}: {memory_mb[-1]} MB, {len(robot.waits_s)} answers", flush=True)
    return {
        "rounds": rounds,
        "storms": {each.__name__: (each.__doc__ or "").strip() for each in STORMS},
        "resident_mb": memory_mb,
        "growth_mb": round(memory_mb[-1] - memory_mb[min(WARM, rounds) - 1], 2),
        "answers": len(robot.waits_s),
        "failures": robot.failures,
        "wait_s": {f"p{p}": round(float(np.percentile(robot.waits_s, p)), 3) for p in (50, 99, 100)},
    }


def main(out: Path, rounds: int) -> int:
    """Writes what was found; the exit status is 1 where the robot at work missed an answer."""
    found = weather(rounds)
    stamp = {"code": report.code(), "machine": report.machine(), "versions": report.versions()}
    report.write(out, {**found, **stamp, "date": report.now()})
    return 1 if found["failures"] else 0


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(Marching(), Settings(port=0, groups=GROUPS))
    else:
        sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS))
