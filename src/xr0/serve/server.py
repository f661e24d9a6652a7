"""A policy behind openpi's websocket protocol: metadata first, then one answer per request.

The event loop only moves frames and decides whose turn it is (`dispatch`); inference runs in one worker
thread, in batches, so keepalive pings, `/healthz` and `/metrics` are answered while the model thinks. Keys
and layout are in xr0_robot.wire.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websockets
from websockets.http11 import Request, Response

from xr0.serve import keys, logs
from xr0.serve.dispatch import Policy
from xr0.serve.peers import log
from xr0.serve.scheduler import LARGEST_BATCH
from xr0.serve.service import Service, Serving, opened
from xr0_robot import wire

logger = logging.getLogger("xr0.serve")
"""Of the server's own affairs; `log` has what clients cause."""

HOST = "127.0.0.1"
"""This machine only, unless its user says otherwise."""

PORT = 8000
"""openpi's (scripts/serve_policy.py)."""

HIGHEST_PORT = 2**16 - 1

WAITING_TO_CONNECT = 2048
"""Connections that the system keeps until they are accepted: when a server is back, its whole fleet comes at
once. What comes on top is dropped, and tried again by the robots' systems after a second."""

QUEUED_FRAMES = 2
"""Per connection, before its socket is no longer read."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Settings:
    """Where and to whom to serve. ValueError, one line, for what cannot be, before a policy is loaded.

    port: 0 takes any free one. certificate, private_key: PEM files, for TLS. log: a file of JSON lines.
    groups, largest_batch, replica: of `service.Serving`.
    """

    host: str = HOST
    port: int = PORT
    groups: tuple[keys.Group, ...] = keys.ANYBODY
    certificate: Path | None = None
    private_key: Path | None = None
    largest_batch: int = LARGEST_BATCH
    log: Path | None = None
    replica: bool = False
    serving: Serving = field(init=False, repr=False)
    tls: ssl.SSLContext | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.port <= HIGHEST_PORT:  # the system would take its lower 16 bits
            raise ValueError(f"port: got {self.port}, expected 0 (any) to {HIGHEST_PORT}")
        serving = Serving(self.groups, self.largest_batch, self.replica)
        object.__setattr__(self, "serving", serving)
        object.__setattr__(self, "tls", _tls(self.certificate, self.private_key))

    @property
    def url(self) -> str:
        """Up to the port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'ws' if self.tls is None else 'wss'}://{host}"


class ListenError(OSError):
    """The address cannot be listened on. One line."""


def serve(policy: Policy, settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; prints one line with the address once clients can connect.

    Raises ListenError for a port in use, before the policy warms up.
    """
    with logs.to_file(settings.log):
        asyncio.run(_serve_until_signal(policy, settings))


async def _serve_until_signal(policy: Policy, settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    async with listening(policy, settings) as bound_port:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        print(f"xr0 serving on {settings.url}:{bound_port}", flush=True)
        logger.info("serving", extra=logs.told(url=f"{settings.url}:{bound_port}"))
        await stop.wait()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)  # a second one does not wait for the requests under way
        logger.info("stopping: answering the requests that are here")


@contextlib.asynccontextmanager
async def listening(policy: Policy, settings: Settings) -> AsyncIterator[int]:
    """A served policy; yields the port. On leaving, requests that are here are answered, then it closes."""
    if settings.host not in LOOPBACK and settings.groups == keys.ANYBODY:
        logger.warning(
            "listening on %s without an API key: whoever reaches it can use the policy", settings.host
        )
    with _bind(settings) as bound:
        async with opened(policy, settings.serving) as service:

            async def hold(connection: ServerConnection) -> None:
                await service.hold(connection, _authorization(connection.request))

            try:
                server = await serve_websockets(
                    hold,
                    sock=bound,
                    backlog=WAITING_TO_CONNECT,
                    ssl=settings.tls,
                    process_request=_gate(service),
                    origins=[None],  # robots send no Origin header; a web page that found our port does
                    compression=None,
                    max_size=wire.MAX_FRAME_BYTES,
                    max_queue=QUEUED_FRAMES,
                    logger=log,
                )
            except OSError as error:  # another program listened while our policy warmed up
                raise _listen_error(settings, error) from error
            try:
                yield bound.getsockname()[1]
            finally:
                await service.drain()
                server.close()
                await server.wait_closed()


def _gate(service: Service) -> Callable[[ServerConnection, Request], Response | None]:
    """Answers plain HTTP."""

    def gate(connection: ServerConnection, request: Request) -> Response | None:
        page = service.page(request.path, _authorization(request))
        if page is None:
            return None
        response = connection.respond(page.status, page.text)
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = page.content_type
        return response

    return gate


def _authorization(request: Request | None) -> list[str]:
    return [] if request is None else request.headers.get_all("Authorization")


def _tls(certificate: Path | None, private_key: Path | None) -> ssl.SSLContext | None:
    if certificate is None and private_key is None:
        return None
    if certificate is None or private_key is None:
        raise ValueError(
            f"TLS: got certificate {certificate} and private key {private_key}, expected both files, or none"
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, private_key)
    except OSError as error:
        raise ValueError(
            f"TLS: {certificate} and {private_key} are no certificate and its private key, in PEM: {error}"
        ) from error
    return context


def _bind(settings: Settings) -> socket.socket:
    """Holds the port without listening yet, so that a port in use is known before the policy warms up."""
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _listen_error(settings, error) from error
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(address)
    except OSError as error:
        bound.close()
        raise _listen_error(settings, error) from error
    return bound


def _listen_error(settings: Settings, error: OSError) -> ListenError:
    host, port = settings.host, settings.port
    if error.errno == errno.EADDRINUSE:
        return ListenError(
            f"port {port} on {host} is in use: end its program, or serve on another port (0: any)"
        )
    return ListenError(f"cannot listen on port {port} of {host}: {error.strerror or error}")
