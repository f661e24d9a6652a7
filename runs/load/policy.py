"""A policy that takes a given time and computes nothing, behind the real server or the plainest there is.

Usage: python -m load.policy xr0|plain LARGEST_BATCH BATCH_MS REQUEST_MS
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websockets

from xr0.serve.dispatch import Question
from xr0.serve.server import Settings, serve
from xr0_robot import wire
from xr0_robot.robots.mock import MOCK

HORIZON = 30
"""Rows of a chunk."""

BEGAN_S = "began_s"
"""In an answer's `policy_timing`: when its batch began, by time.monotonic, which is one clock for all
processes of a machine."""


class Timed:
    """A batch of b takes batch_s + b request_s, in which the thread sleeps, as while a GPU computes."""

    def __init__(self, batch_s: float, request_s: float) -> None:
        self._batch_s, self._request_s = batch_s, request_s
        self._actions = np.zeros((HORIZON, MOCK.native_dim), np.float32)

    def metadata(self) -> Mapping[str, Any]:
        """A mock robot's."""
        return {
            wire.EMBODIMENT: MOCK.to_dict(),
            wire.ACTION_HORIZON: HORIZON,
            wire.MAX_PREFIX: 0,
            wire.CHECKPOINT: {"name": "timed", "fingerprint": "0"},
        }

    def warm_up(self, largest_batch: int) -> None:
        """Nothing is cold."""

    def read(self, request: dict[str, Any]) -> Question:
        """All fit together."""
        return Question(None, request[wire.STATE])

    def infer(self, questions: Sequence[Any]) -> list[dict[str, Any]]:
        """Sleep, and say when and for how long."""
        began_s = time.monotonic()
        time.sleep(self._batch_s + self._request_s * len(questions))
        timing = {wire.INFER_MS: 1e3 * (time.monotonic() - began_s), BEGAN_S: began_s}
        return [{wire.ACTIONS: self._actions, wire.POLICY_TIMING: timing} for _ in questions]


async def serve_plainly(policy: Timed) -> None:
    """One request at a time, computed on the event loop: how servers of one robot are written. The same wire,
    without queue, deadlines or checks."""
    hello = wire.pack({**policy.metadata(), wire.PROTOCOL: wire.PROTOCOL_VERSION})

    async def hold(connection: ServerConnection) -> None:
        await connection.send(hello)
        async for frame in connection:
            assert isinstance(frame, bytes)
            question = policy.read(wire.unpack(frame))
            await connection.send(wire.pack(policy.infer([question.what])[0]))

    limits = {"compression": None, "max_size": wire.MAX_FRAME_BYTES, "ping_interval": None}
    async with serve_websockets(hold, "127.0.0.1", 0, **limits) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        print(f"xr0 serving on ws://127.0.0.1:{port}", flush=True)  # the line that its starter waits for
        await server.serve_forever()


def main(kind: str, largest_batch: int, batch_ms: float, request_ms: float) -> None:
    """Until a signal."""
    policy = Timed(batch_ms / 1e3, request_ms / 1e3)
    if kind == "plain":
        asyncio.run(serve_plainly(policy))
    else:
        serve(policy, Settings(port=0, largest_batch=largest_batch))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]))
