"""A wire that can be cut, stalled, slowed or swallow what is sent: TCP between a client and a server."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

HOST = "127.0.0.1"


class Proxy:
    """Forwards to a port. Bytes go each way through `_pump`, which obeys the attributes at once.

    swallow: nothing arrives any more, nobody is told; stalled: it arrives later; rate: bytes a second towards
    the client, None for all at once; cut_after: bytes towards the client until the connection is reset.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self.swallow = self.stalled = self.deaf = False
        self.rate: float | None = None
        self.cut_after: int | None = None
        self._listening = socket.create_server((HOST, 0))
        self.port: int = self._listening.getsockname()[1]
        self._open: list[socket.socket] = []
        self._closed = False
        self._spawn(self._accept)

    def cut(self) -> None:
        """End all connections, without goodbye."""
        for end in self._open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)  # wakes who waits in recv, and would keep it open
            end.close()
        self._open.clear()

    def heal(self) -> None:
        """New connections work; what the old ones have swallowed is lost with them."""
        self.cut()
        self.swallow = self.stalled = self.deaf = False
        self.rate = self.cut_after = None

    def close(self) -> None:
        self._closed = True
        self._listening.close()
        self.cut()

    def _accept(self) -> None:
        while not self._closed:
            try:
                near, _ = self._listening.accept()
                far = socket.create_connection((HOST, self._target))
            except OSError:
                if not self._closed:
                    near.close()
                continue
            self._open += [near, far]
            self._spawn(self._pump, near, far, False)
            self._spawn(self._pump, far, near, True)

    def _pump(self, source: socket.socket, sink: socket.socket, to_client: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                while (self.stalled or (self.deaf and not to_client)) and not self._closed:
                    time.sleep(0.005)
                if self.swallow:
                    continue
                if to_client and self.cut_after is not None:
                    sink.sendall(data[: self.cut_after])
                    self.cut_after = None
                    self.cut()
                    return
                self._send(sink, data, self.rate if to_client else None)
            sink.shutdown(socket.SHUT_WR)

    def _send(self, sink: socket.socket, data: bytes, rate: float | None) -> None:
        step = len(data) if rate is None else max(1, round(rate * 0.05))
        for at in range(0, len(data), step):
            sink.sendall(data[at : at + step])
            if rate is not None:
                time.sleep(0.05)

    def _spawn(self, work, *arguments: object) -> None:
        threading.Thread(target=work, args=arguments, daemon=True).start()
