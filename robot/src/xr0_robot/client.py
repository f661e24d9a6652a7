"""The robot's end of the wire: one observation out, one chunk back, within a deadline."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import numpy as np
from websockets.exceptions import ConnectionClosed, InvalidStatus, InvalidURI, WebSocketException
from websockets.sync.client import ClientConnection, connect

from xr0_robot import wire
from xr0_robot.types import Chunk, Embodiment, Observation, finite_vector

REQUEST_TIMEOUT_S = 10.0
"""Longer than any answer a robot could still use: a server silent for so long is as good as gone."""

CONNECT_TIMEOUT_S = 60.0
"""A server loads its checkpoint and warms up before it listens."""

RETRY_S = 0.2
"""Between two attempts to connect."""

CLOSE_TIMEOUT_S = 1.0
"""For the closing handshake; a peer that does not answer it by then is left."""


class ServerError(RuntimeError):
    """The server is there, but refused the request or is not one that we can talk to. One line."""


class ConnectionLost(ConnectionError):  # noqa: N818 (an event, as in the standard library's BrokenPipe)
    """The server is out of reach or silent past the deadline; `infer` may be called again. One line."""


@dataclass
class _Link:
    """One connection. `owed` counts requests given up at their deadline whose answers may still arrive."""

    socket: ClientConnection
    metadata_frame: bytes
    owed: set[int] = field(default_factory=set)


class Client:
    """A policy behind a websocket. `infer` may be called from any thread, one request at a time.

    timeout_s bounds each request, connect_timeout_s the wait for the server at the start. Raises ConnectionLost
    if no server answers in that time, ServerError if it is not an XR-0 server or refuses the API key, ValueError
    for a malformed url.
    """

    def __init__(
        self,
        url: str,
        timeout_s: float = REQUEST_TIMEOUT_S,
        api_key: str | None = None,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
    ) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._headers = {"Authorization": f"Api-Key {api_key}"} if api_key is not None else {}
        self._lock = threading.Lock()
        self._closed = False
        self._last_id = 0
        self._link: _Link | None = self._wait_for_server(time.monotonic() + connect_timeout_s)
        self.metadata = self._read_metadata(self._link.metadata_frame)
        self.embodiment = Embodiment.from_dict(self.metadata[wire.EMBODIMENT])
        self.action_horizon: int = self.metadata[wire.ACTION_HORIZON]
        self.max_prefix: int = self.metadata[wire.MAX_PREFIX]
