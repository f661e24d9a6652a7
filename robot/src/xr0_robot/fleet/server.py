"""The fleet's server: one port for the page, for people's pages and for robots."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import signal
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websockets
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from xr0_robot.fleet import report as words
from xr0_robot.fleet.fleet import Fleet
from xr0_robot.fleet.hub import Hub
from xr0_robot.fleet.journal import Journal
from xr0_robot.fleet.people import People

HOST, PORT = "127.0.0.1", 8100

PATIENCE_S = 120.0
"""A robot without a piece for so long makes no progress."""

PAGE = Path(__file__).with_name("page")

FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}

SAFE = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""The page loads nothing from elsewhere, and stands in no other page."""


@dataclass(frozen=True)
class Settings:
    """Where and to whom. robot_key: what robots must know, None for anybody; tls: of PEM files."""

    people: People
    host: str = HOST
    port: int = PORT
    robot_key: str | None = None
    patience_s: float = PATIENCE_S
    journal: Path | None = None
    tls: ssl.SSLContext | None = None

    @property
    def url(self) -> str:
        """Up to the port."""
        return f"{'http' if self.tls is None else 'https'}://{self.host}"


def serve(settings: Settings) -> None:
    """Until SIGTERM or SIGINT; prints one line with the address once the page can be opened."""
    asyncio.run(_until_signal(settings))


async def _until_signal(settings: Settings) -> None:
    stop = asyncio.Event()
    async with listening(settings) as port:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        print(f"fleet page on {settings.url}:{port}", flush=True)
        await stop.wait()


@contextlib.asynccontextmanager
async def listening(settings: Settings) -> AsyncIterator[int]:
    """A served fleet; yields the port. OSError for a port in use, or a journal that cannot be written."""
    hub = Hub(Fleet(settings.patience_s), settings.people, Journal(settings.journal))

    async def hold(connection: ServerConnection) -> None:
        request = connection.request
        if request is not None and request.path == "/robot":
            await hub.hold_robot(connection)
        else:
            await hub.hold_page(connection)

    def gate(connection: ServerConnection, request: Request) -> Response | None:
        return _gate(settings, connection, request)

    async with serve_websockets(
        hold,
        settings.host,
        settings.port,
        ssl=settings.tls,
        process_request=gate,
        max_size=words.MAX_PICTURE,
        max_queue=4,
        logger=logging.getLogger("xr0_robot.fleet.peers"),
    ) as server:
        telling = asyncio.create_task(hub.run())
        try:
            yield next(iter(server.sockets)).getsockname()[1]
        finally:
            telling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await telling
            server.close()
            await server.wait_closed()


def _gate(settings: Settings, connection: ServerConnection, request: Request) -> Response | None:
    """Plain HTTP is answered here; only the two sockets go on."""
    if request.path in FILES:
        name, kind = FILES[request.path]
        body = (PAGE / name).read_bytes()
        headers = Headers({"Content-Type": kind, "Content-Length": str(len(body)), **SAFE})
        return Response(HTTPStatus.OK, "OK", headers, body)
    if request.path == "/healthz":
        return connection.respond(HTTPStatus.OK, "OK\n")
    if request.path == "/robot":
        known = settings.robot_key is None or any(
            hmac.compare_digest(given, f"Api-Key {settings.robot_key}")
            for given in request.headers.get_all("Authorization")
        )
        return None if known else connection.respond(HTTPStatus.UNAUTHORIZED, "expected the robots' key\n")
    if request.path == "/watch":
        return None if _same_origin(request) else connection.respond(HTTPStatus.FORBIDDEN, "another origin\n")
    return connection.respond(HTTPStatus.NOT_FOUND, "not found\n")


def _same_origin(request: Request) -> bool:
    """A page of another site must not talk to the hub in a person's browser."""
    origin, host = request.headers.get("Origin"), request.headers.get("Host")
    return origin is None or urlsplit(origin).netloc == host
