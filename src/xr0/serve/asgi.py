"""A served policy as an ASGI application (asgi.readthedocs.io, spec 3.0), for front doors that speak it.

The same keys, scheduler and conversations as `server`; the front door has the port, TLS and pings, and may
allow smaller frames (uvicorn: 16 MiB). It must support lifespans and "websocket.http.response", as uvicorn
and hypercorn do: so a robot without a key is told so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from websockets.exceptions import ConnectionClosedError

from xr0.serve.dispatch import Policy
from xr0.serve.service import Page, Service, Serving, opened

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Application:
    """Serves from the lifespan's startup to its shutdown."""

    def __init__(self, policy: Policy, serving: Serving) -> None:
        self._policy, self._serving = policy, serving
        self.service: Service | None = None
        """None before the startup."""

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One connection, or the application's life."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self.service is None:
            raise RuntimeError("asgi: got a connection before a lifespan's startup, which it needs")
        else:
            await _meet(self.service, scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()  # lifespan.startup
        async with opened(self._policy, self._serving) as self.service:
            await send({"type": "lifespan.startup.complete"})
            await receive()  # lifespan.shutdown
            await self.service.drain()
        await send({"type": "lifespan.shutdown.complete"})


class Socket:
    """An accepted websocket, as `Conversations` holds it."""

    def __init__(self, scope: Message, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self.remote_address: Any = scope.get("client")
        self._closed = False

    async def send(self, message: str | bytes, /) -> None:
        """A text or a binary frame; ConnectionClosed where the client has left."""
        if self._closed:
            raise ConnectionClosedError(None, None)
        kind = "text" if isinstance(message, str) else "bytes"
        try:
            await self._send({"type": "websocket.send", kind: message})
        except OSError as error:  # the spec's, from servers that notice
            raise ConnectionClosedError(None, None) from error

    async def close(self, code: int, reason: str) -> None:
        """Idempotent."""
        if not self._closed:
            self._closed = True
            await self._send({"type": "websocket.close", "code": int(code), "reason": reason})

    def __aiter__(self) -> Socket:
        return self

    async def __anext__(self) -> str | bytes:
        """The next frame, until the client leaves."""
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            self._closed = True
            raise StopAsyncIteration
        text = message.get("text")
        return message["bytes"] if text is None else text


async def _meet(service: Service, scope: Message, receive: Receive, send: Send) -> None:
    keys = [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
    page = service.page(scope["path"], keys)
    if scope["type"] == "http":
        page = page or Page(HTTPStatus.UPGRADE_REQUIRED, "expected a websocket\n")
        await _show(page, "http.response", send)
        return
    if any(name == b"origin" for name, _ in scope["headers"]):  # robots send none; a web page does
        page = Page(HTTPStatus.FORBIDDEN, "expected no header Origin\n")
    await receive()  # websocket.connect
    if page is not None:
        await _show(page, "websocket.http.response", send)
        return
    await send({"type": "websocket.accept"})
    await service.hold(Socket(scope, receive, send), keys)


async def _show(page: Page, kind: str, send: Send) -> None:
    headers = [(b"content-type", page.content_type.encode())]
    await send({"type": f"{kind}.start", "status": int(page.status), "headers": headers})
    await send({"type": f"{kind}.body", "body": page.text.encode()})
