"""A policy behind openpi's websocket protocol: metadata first, then one answer per request.

The event loop only moves frames; they are unpacked in threads, and inference runs in one worker thread,
first come, first served. Every connection has at most one request in that queue, so robots take turns, and
keepalive pings and `/healthz` are answered while the model thinks. Keys and layout are in xr0_robot.wire.

What a client sends can cost it its connection, and everyone else nothing: a refusal is one line, to it and in
the log, and no answer with NaN or infinity is sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hmac
import logging
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, Protocol, runtime_checkable

import numpy as np
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websockets
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.http11 import Request, Response

from xr0.serve.peers import log
from xr0_robot import wire

logger = logging.getLogger("xr0.serve")
"""Of the server's own affairs; `log` has what clients cause."""

HOST = "127.0.0.1"
"""This machine only, unless its user says otherwise."""

PORT = 8000
"""openpi's (scripts/serve_policy.py)."""

HIGHEST_PORT = 2**16 - 1

QUEUED_FRAMES = 2
"""Per connection, before its socket is no longer read: a client that does not wait for answers fills its own
buffers, not the server's memory."""

MAX_LINE = 500
"""Characters of a refusal."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@runtime_checkable  # hints are checked in tests
class Policy(Protocol):
    """What can be served. All three are called from one thread, so it may own a device."""

    def metadata(self) -> Mapping[str, Any]:
        """The metadata keys of xr0_robot.wire, without `protocol`."""
        ...

    def warm_up(self) -> None:
        """Compile and allocate, so that the first request is as fast as the last."""
        ...

    def infer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to a request, keys of xr0_robot.wire; ValueError, one line, for a bad one.

        `request_id` and `server_timing` are the server's business.
        """
        ...


class ListenError(OSError):
    """The address cannot be listened on. One line."""


def serve(policy: Policy, host: str = HOST, port: int = PORT, api_key: str | None = None) -> None:
    """Serve until SIGTERM or SIGINT; prints one line with the address once clients can connect.

    port 0 takes any free one. Raises ValueError for what is no port and ListenError for one in use,
    before the policy warms up.
    """
    asyncio.run(_serve_until_signal(policy, host, port, api_key))


async def _serve_until_signal(policy: Policy, host: str, port: int, api_key: str | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    async with listening(policy, host, port, api_key) as bound_port:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        print(f"xr0 serving on ws://{f'[{host}]' if ':' in host else host}:{bound_port}", flush=True)
        await stop.wait()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)  # a second one does not wait for the request under way
        logger.info("stopping: finishing the requests under way")


@contextlib.asynccontextmanager
async def listening(policy: Policy, host: str, port: int, api_key: str | None = None) -> AsyncIterator[int]:
    """A served policy; yields the port. On leaving, requests under way are finished, connections closed."""
    if host not in LOOPBACK and api_key is None:
        logger.warning("listening on %s without an API key: whoever reaches it can use the policy", host)
    loop = asyncio.get_running_loop()
    with _bind(host, port) as bound, ThreadPoolExecutor(1, thread_name_prefix="xr0-policy") as worker:
        await loop.run_in_executor(worker, policy.warm_up)
        metadata = await loop.run_in_executor(worker, policy.metadata)
        conversations = _Conversations(policy, metadata, worker)
        try:
            server = await serve_websockets(
                conversations.hold,
                sock=bound,
                process_request=_gate(api_key),
                origins=[None],  # robots send no Origin header; a web page that found our port does
                compression=None,
                max_size=wire.MAX_FRAME_BYTES,
                max_queue=QUEUED_FRAMES,
                logger=log,
            )
        except OSError as error:  # another program listened while our policy warmed up
            raise _listen_error(host, port, error) from error
        try:
            yield bound.getsockname()[1]
        finally:
            server.close()
            await server.wait_closed()


class _Conversations:
    """Every connection's exchange of frames, over one policy in one worker thread."""

    def __init__(self, policy: Policy, metadata: Mapping[str, Any], worker: ThreadPoolExecutor) -> None:
        self._policy = policy
        self._worker = worker
        self._hello = wire.pack({**metadata, wire.PROTOCOL: wire.PROTOCOL_VERSION})

    async def hold(self, connection: ServerConnection) -> None:
        """One client, until it leaves or sends what cannot be read."""
        total_ms: float | None = None
        with contextlib.suppress(ConnectionClosed):
            await connection.send(self._hello)
            async for frame in connection:
                start_s = time.monotonic()
                try:
                    answer = await self._answer(await asyncio.to_thread(_read, frame), total_ms)
                except _UnreadableError as error:
                    await _part(connection, str(error))
                    return
                except Exception as error:  # whatever a policy raises ends its client, not the server
                    logger.exception("%s: inference failed", connection.remote_address)
                    reason = f"internal error ({type(error).__name__}), the server's log has the traceback"
                    await _part(connection, reason)
                    return
                await connection.send(answer)
                total_ms = _ms(start_s, time.monotonic())

    async def _answer(self, request: dict[str, Any], previous_ms: float | None) -> bytes | str:
        """The reply as a binary frame, or why the request is refused, in one line, as a text frame."""
        queued_s = time.monotonic()
        try:
            echo = _request_id(request)
            loop = asyncio.get_running_loop()
            reply, start_s, end_s = await loop.run_in_executor(self._worker, self._infer, request)
        except ValueError as error:
            line = _line(str(error))
            log.warning("refused a request: %s", line)
            return line
        timing = {wire.QUEUE_MS: _ms(queued_s, start_s), wire.INFER_MS: _ms(start_s, end_s)}
        if previous_ms is not None:
            timing[wire.PREV_TOTAL_MS] = previous_ms
        if request.get(wire.FEATURES) is not True:  # an openpi client would slice them
            reply = {key: value for key, value in reply.items() if key != wire.FEATURES}
        return wire.pack({**reply, **echo, wire.SERVER_TIMING: timing})

    def _infer(self, request: dict[str, Any]) -> tuple[dict[str, Any], float, float]:
        start_s = time.monotonic()
        reply = self._policy.infer(request)
        broken = [key for key, value in reply.items() if _is_broken(value)]
        if broken:
            raise ValueError(f"the policy's answer has NaN or infinity in {', '.join(broken)}")
        return reply, start_s, time.monotonic()


def _is_broken(value: Any) -> bool:
    """An array with a number that is none."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "f" and not np.isfinite(value).all()


def _line(text: str) -> str:
    """In one line, and no longer than one."""
    return " ".join(text.split())[:MAX_LINE]


class _UnreadableError(Exception):
    """A frame that is no request at all: the peer speaks something else."""


def _read(frame: bytes | str) -> dict[str, Any]:
    if isinstance(frame, str):
        raise _UnreadableError("got a text frame, expected a binary frame with a msgpack map")
    try:
        return wire.unpack(frame)
    except ValueError as error:
        raise _UnreadableError(str(error)) from error


def _request_id(request: dict[str, Any]) -> dict[str, int]:
    """What the answer repeats: nothing, if the client sent no id."""
    if wire.REQUEST_ID not in request:
        return {}
    value = request[wire.REQUEST_ID]
    if not isinstance(value, int | np.integer) or isinstance(value, bool):
        raise ValueError(f"{wire.REQUEST_ID}: got {type(value).__name__}, expected an integer")
    return {wire.REQUEST_ID: int(value)}


async def _part(connection: ServerConnection, reason: str) -> None:
    """Say why in a text frame, then close as openpi's server does."""
    line = _line(reason)
    log.warning("%s: closing, %s", connection.remote_address, line)
    await connection.send(line)
    await connection.close(CloseCode.INTERNAL_ERROR, "the text frame before says why")


def _gate(api_key: str | None) -> Callable[[ServerConnection, Request], Response | None]:
    """Answers plain HTTP: the health check, and who has no key."""

    def gate(connection: ServerConnection, request: Request) -> Response | None:
        if request.path == "/healthz":
            return connection.respond(HTTPStatus.OK, "OK\n")
        if api_key is not None and not _has_key(request, api_key):
            return connection.respond(
                HTTPStatus.UNAUTHORIZED, "expected a header Authorization: Api-Key KEY\n"
            )
        return None

    return gate


def _has_key(request: Request, api_key: str) -> bool:
    """Compared in constant time: how long a refusal takes must not tell how much of a guess was right."""
    got = request.headers.get_all("Authorization")
    return len(got) == 1 and hmac.compare_digest(got[0].encode(), f"Api-Key {api_key}".encode())


def check_port(port: int) -> None:
    """ValueError, one line, for a number that is no port: the system would take its lower 16 bits."""
    if not 0 <= port <= HIGHEST_PORT:
        raise ValueError(f"port: got {port}, expected 0 (any) to {HIGHEST_PORT}")


def _bind(host: str, port: int) -> socket.socket:
    """Holds the port without listening yet, so that a port in use is known before the policy warms up."""
    check_port(port)
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _listen_error(host, port, error) from error
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(address)
    except OSError as error:
        bound.close()
        raise _listen_error(host, port, error) from error
    return bound


def _listen_error(host: str, port: int, error: OSError) -> ListenError:
    if error.errno == errno.EADDRINUSE:
        return ListenError(
            f"port {port} on {host} is in use: end its program, or serve on another port (0: any)"
        )
    return ListenError(f"cannot listen on port {port} of {host}: {error.strerror or error}")


def _ms(start_s: float, end_s: float) -> float:
    return (end_s - start_s) * 1000.0
