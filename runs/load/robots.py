"""Light robots over real websockets: each asks when its plan says so, with pictures of the real size."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from load.plan import DT, Kind, Robot
from load.policy import BEGAN_S
from xr0_robot import wire
from xr0_robot.deadlines import Deadlines

CAMERAS = ("base", "wrist")

OF_USE_S = Deadlines().max_lag_s
"""Behind the end of its plan a robot drops an answer."""

RETRY_S = Deadlines().retry_s
"""Until a robot that was told `not now` asks again."""

OPEN_S = 60.0
"""To connect: a thousand do at once."""


@dataclass(frozen=True)
class Exchange:
    """A request and its answer, all in seconds by time.monotonic, in which the policy measures too."""

    sent_s: float
    began_s: float
    infer_s: float
    back_s: float


@dataclass
class Seen:
    """What one robot went through; refused_s: when it was told `not now`."""

    robot: Robot
    exchanges: list[Exchange] = field(default_factory=list)
    refused_s: list[float] = field(default_factory=list)


async def fleet(
    url: str, count: int, kind: Kind, pixels: int, seconds: float, seed: int = 0, standing: int = 0
) -> list[Seen]:
    """So many robots connect at once, and ask for `seconds` as their own plans say. standing: further ones
    that stay connected and ask nothing."""
    connecting = [
        connect(url, compression=None, max_size=None, open_timeout=OPEN_S) for _ in range(count + standing)
    ]
    sockets = await asyncio.gather(*connecting)
    await asyncio.gather(*(socket.recv() for socket in sockets))
    begin_s = time.monotonic()
    first_s = begin_s + np.random.default_rng(seed).uniform(0.0, kind.execute * DT, count)
    request = picture_request(pixels)
    working = [
        _work(socket, Seen(Robot(kind)), request, float(at_s), begin_s + seconds)
        for socket, at_s in zip(sockets[:count], first_s, strict=True)
    ]
    seen = await asyncio.gather(*working)
    await asyncio.gather(*(socket.close() for socket in sockets))
    return list(seen)


def picture_request(pixels: int) -> dict[str, Any]:
    """All of a request but its deadlines."""
    pictures = np.random.default_rng(0).integers(0, 255, (len(CAMERAS), pixels, pixels, 3), np.uint8)
    images = {wire.image_key(name): each for name, each in zip(CAMERAS, pictures, strict=True)}
    return {**images, wire.STATE: np.zeros(7), wire.PROMPT: "put the blue brick in the left bin"}


async def _work(
    socket: ClientConnection, seen: Seen, request: Mapping[str, Any], at_s: float, until_s: float
) -> Seen:
    robot = seen.robot
    while at_s < until_s:
        await asyncio.sleep(at_s - time.monotonic())
        robot.asked_s = time.monotonic()
        plan_s = max(0.0, robot.ends_s - robot.asked_s)
        told = {wire.DEADLINE_MS: 1e3 * plan_s, wire.EXPIRES_MS: 1e3 * (plan_s + OF_USE_S)}
        frame = wire.pack({**request, **told})
        sent_s = time.monotonic()
        await socket.send(frame)
        answer = await socket.recv()
        back_s = time.monotonic()
        if isinstance(answer, str):
            if not answer.startswith(wire.NOT_NOW):
                raise RuntimeError(f"the server refuses: {answer}")
            seen.refused_s.append(back_s)
            at_s = back_s + RETRY_S
            continue
        timing = wire.unpack(answer)[wire.POLICY_TIMING]
        seen.exchanges.append(Exchange(sent_s, timing[BEGAN_S], timing[wire.INFER_MS] / 1e3, back_s))
        at_s = robot.answered(back_s)
    robot.ran_dry(until_s)
    return seen
