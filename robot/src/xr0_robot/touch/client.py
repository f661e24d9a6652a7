"""The robot's end of a served tactile predictor: two readings out, one increment back."""

from __future__ import annotations

import threading
import time
from types import TracebackType

import numpy as np

from xr0_robot import wire
from xr0_robot.link import ConnectionLost, Link, ServerError
from xr0_robot.touch.sensor import messages
from xr0_robot.touch.sensor.pads import TactileReading

TIMEOUT_S = 2.0
"""Per question; an answer takes milliseconds."""

CONNECT_TIMEOUT_S = 60.0
"""The server imports torch and loads its network before it listens."""

RETRY_S = 0.2
"""Pause between two attempts to connect."""


class TactileClient:
    """A predictor behind a websocket; questions go one at a time, from any thread.

    Raises ConnectionLost if no server answers within CONNECT_TIMEOUT_S, ServerError if it is not a tactile
    one or refuses the key.
    """

    def __init__(self, url: str, api_key: str | None = None) -> None:
        self._url = url
        self._api_key = api_key
        self._lock = threading.Lock()
        self._questions = 0
        self._link = self._wait_for_server()
        self.metadata = self._link.metadata
        if messages.FINGERS not in self.metadata:
            self._link.close()
            got = sorted(self.metadata)
            raise ServerError(
                f"tactile server {url}: got metadata {got}, expected {messages.FINGERS!r} in it"
            )

    def predict(self, current: TactileReading, goal: TactileReading) -> tuple[np.ndarray, np.ndarray]:
        """W [6] (mm, rad) and its deviations [6].

        ServerError for a refusal, ConnectionLost if the server is gone or silent for TIMEOUT_S.

        After a loss, the next call first connects anew, once.
        """
        request = messages.request(current, goal)
        with self._lock:
            deadline_s = time.monotonic() + TIMEOUT_S
            if self._link.lost:
                self._link = Link(self._url, self._api_key, deadline_s, TIMEOUT_S)
            self._questions += 1
            answer = self._link.ask({**request, wire.REQUEST_ID: self._questions}, deadline_s)
        try:
            return messages.prediction(answer)
        except ValueError as error:
            raise ServerError(f"tactile server {self._url}: {error}") from error

    def close(self) -> None:
        """End the connection."""
        self._link.close()

    def __enter__(self) -> TactileClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _wait_for_server(self) -> Link:
        deadline_s = time.monotonic() + CONNECT_TIMEOUT_S
        while True:
            try:
                return Link(self._url, self._api_key, deadline_s, TIMEOUT_S)
            except ConnectionLost:
                if time.monotonic() + RETRY_S >= deadline_s:
                    raise
            time.sleep(RETRY_S)
