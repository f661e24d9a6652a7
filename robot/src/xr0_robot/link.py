"""One websocket connection to a policy server: every way it can fail becomes one line."""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import time
from http import HTTPStatus
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidStatus, InvalidURI, WebSocketException
from websockets.sync.client import ClientConnection, connect

from xr0_robot import wire

CLOSE_TIMEOUT_S = 1.0
"""For the closing handshake; a peer that has not answered it by then is left."""


class ServerError(RuntimeError):
    """A server is there, but refuses the request, or is not one that we can talk to. One line."""


class ConnectionLost(ConnectionError):  # noqa: N818 - it says what happened, as an event of the connection
    """The server is out of reach, or silent past the deadline; asking again may help. One line."""


class NotNow(ConnectionLost):
    """The server is there, and has no answer to this request: it is full, or an answer would come too late.
    Asking again, with a newer observation, may help. One line."""


class Link:
    """A connection from its metadata on, to be used by one thread at a time (but closed from any).

    deadline_s: on time.monotonic, for the connection and the metadata; send_timeout_s: for each later send.
    Raises ConnectionLost if no server answers, ServerError if it refuses us, ValueError for a malformed url.
    """

    def __init__(self, url: str, api_key: str | None, deadline_s: float, send_timeout_s: float) -> None:
        self._name = f"policy server {url}"
        self._given_up = 0
        with contextlib.ExitStack() as stack:
            self._socket = _connect(stack, url, api_key, deadline_s)
            _limit_send(self._socket.socket, send_timeout_s)
            self.metadata = self._message(self._receive(deadline_s))
            self._stack = stack.pop_all()

    @property
    def lost(self) -> bool:
        """Whether the connection is known to be closed."""
        return self._socket.close_code is not None

    def ask(self, request: dict[str, Any], deadline_s: float) -> dict[str, Any]:
        """The answer to a request with a `request_id`, which no other request on this link had.

        The server answers in order, so what still arrives for requests that were given up at their deadline
        is known and dropped. Raises ServerError for a refusal, NotNow for one of this moment, ConnectionLost
        for a lost or silent server, ValueError for a request that cannot be packed.
        """
        frame = wire.pack(request)
        try:
            self._socket.send(frame)
        except ConnectionClosed as error:
            raise ConnectionLost(f"{self._name}: connection lost ({error})") from error
        self._given_up += 1  # until its answer is here
        while True:
            answer = self._receive(deadline_s)
            self._given_up -= 1
            if isinstance(answer, str) and self._given_up > 0:
                continue
            message = self._message(answer)
            if message.get(wire.REQUEST_ID) == request[wire.REQUEST_ID]:
                self._given_up = 0
                return message

    def close(self) -> None:
        """Say goodbye; idempotent. A thread that waits in `ask` gets ConnectionLost."""
        self._stack.close()

    def _receive(self, deadline_s: float) -> str | bytes:
        start_s = time.monotonic()
        try:
            return self._socket.recv(timeout=_left(deadline_s))
        except TimeoutError as error:
            raise ConnectionLost(f"{self._name}: silent for {time.monotonic() - start_s:.2f} s") from error
        except ConnectionClosed as error:
            raise ConnectionLost(f"{self._name}: connection lost ({error})") from error

    def _message(self, frame: str | bytes) -> dict[str, Any]:
        """A binary frame's map; a text frame is the server's refusal."""
        if isinstance(frame, str) and frame.startswith(wire.NOT_NOW):
            raise NotNow(f"{self._name}: {' '.join(frame.split())}")
        if isinstance(frame, str):
            raise ServerError(f"{self._name}: {' '.join(frame.split())}")
        try:
            return wire.unpack(frame)
        except ValueError as error:
            raise ServerError(f"{self._name}: {error}") from error


def _connect(
    stack: contextlib.ExitStack, url: str, api_key: str | None, deadline_s: float
) -> ClientConnection:
    """One attempt; `stack` closes the connection."""
    name = f"policy server {url}"
    try:
        return stack.enter_context(
            connect(
                url,
                additional_headers={} if api_key is None else {"Authorization": f"Api-Key {api_key}"},
                compression=None,
                max_size=wire.MAX_FRAME_BYTES,
                open_timeout=_left(deadline_s),
                close_timeout=CLOSE_TIMEOUT_S,
                proxy=None,  # a robot's server is on the robot's network, whatever proxy the shell has set
            )
        )
    except InvalidURI as error:
        raise ValueError(f"url: got {url!r}, expected one like ws://127.0.0.1:8000") from error
    except InvalidStatus as error:
        if error.response.status_code == HTTPStatus.UNAUTHORIZED:
            got = "no API key" if api_key is None else "an API key it does not know"
            raise ServerError(f"{name}: refused, got {got}") from error
        raise ConnectionLost(f"{name}: {error}") from error
    except (OSError, WebSocketException) as error:
        raise ConnectionLost(f"{name}: {error}") from error


def _limit_send(connection: socket.socket, seconds: float) -> None:
    """Bound each send: a stopped server lets the buffers fill, and a full one blocks for ever."""
    if sys.platform != "win32":  # where the option has another layout
        whole = int(seconds)
        timeval = struct.pack("ll", whole, int((seconds - whole) * 1e6))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeval)


def _left(deadline_s: float) -> float:
    """Seconds until a deadline on time.monotonic."""
    return max(0.0, deadline_s - time.monotonic())
