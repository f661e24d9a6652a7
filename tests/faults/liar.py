"""A server that speaks the protocol and answers as it is told to: late, twice, out of order, wrongly."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from faults.marching import THINK_S, Marching, rows
from xr0_robot import wire

Frames = Sequence[bytes | str]
Lie = Callable[[dict[str, Any], int], Frames | None]
"""From a request and its number to the frames that are sent; None for the truth."""


def truth(request: dict[str, Any], **changes: Any) -> bytes:
    """The right answer, but for some keys."""
    answer = {wire.ACTIONS: rows(request[wire.STATE]), wire.REQUEST_ID: request[wire.REQUEST_ID]}
    return wire.pack({**answer, **changes})


class Liar:
    """Serves until closed. `lie` may be set at any time; `hello` changes the metadata of new connections."""

    def __init__(self) -> None:
        self.lie: Lie | None = None
        self.hello: dict[str, Any] = {}
        self.requests = 0
        self._server = serve(self._hold, "127.0.0.1", 0, compression=None, max_size=wire.MAX_FRAME_BYTES)
        self.port: int = self._server.socket.getsockname()[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()

    def _hold(self, connection: ServerConnection) -> None:
        metadata = {**Marching().metadata(), wire.PROTOCOL: wire.PROTOCOL_VERSION, **self.hello}
        try:
            connection.send(wire.pack(metadata))
            for frame in connection:
                request = wire.unpack(frame) if isinstance(frame, bytes) else {}
                time.sleep(THINK_S)
                self.requests += 1
                said = None if self.lie is None else self.lie(request, self.requests)
                for answer in [truth(request)] if said is None else said:
                    connection.send(answer)
        except ConnectionClosed:
            return


def wrong(**changes: Any) -> Lie:
    """Every answer with some keys changed."""
    return lambda request, number: [truth(request, **changes)]


def nan(request: dict[str, Any], number: int) -> Frames:
    """One number of thirty rows."""
    actions = rows(request[wire.STATE])
    actions[17, 3] = np.nan
    return [truth(request, **{wire.ACTIONS: actions})]
