"""The robot's end of the wire: one observation out, one chunk back, within a deadline."""

from __future__ import annotations

import operator
import threading
import time
from types import TracebackType
from typing import Any

import numpy as np

from xr0_robot import wire
from xr0_robot.deadlines import Urgency
from xr0_robot.link import ConnectionLost, Link, NotNow, ServerError
from xr0_robot.types import GUIDANCE, Chunk, Embodiment, Guidance, Guide, Observation, finite_vector

__all__ = ["Client", "ConnectionLost", "NotNow", "ServerError"]

REQUEST_TIMEOUT_S = 10.0
"""Far beyond any answer a robot could still use: a server silent for so long is as good as gone."""

CONNECT_TIMEOUT_S = 60.0
"""A server loads its checkpoint and warms up before it listens."""

RETRY_S = 0.2
"""Pause between two attempts to connect."""

MAX_SEED = 2**63 - 1
"""What every generator's seed can hold."""


class Client:
    """A policy behind a websocket. `infer` may be called from any thread; requests go one at a time.

    `timeout_s` bounds each request, `connect_timeout_s` the first wait for the server. Raises ConnectionLost
    if none answers in that time, ServerError if it is no XR-0 server or refuses the key, ValueError for a
    malformed url.
    """

    takes_urgency = True

    def __init__(
        self,
        url: str,
        timeout_s: float = REQUEST_TIMEOUT_S,
        api_key: str | None = None,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
    ) -> None:
        self._url = url
        self._api_key = api_key
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._closed = False
        self._requests = 0
        self._link = self._wait_for_server(connect_timeout_s)
        self.metadata = self._link.metadata
        try:
            self.embodiment, self.action_horizon, self.max_prefix = _read_metadata(self.metadata)
            self.guidance = _guidance(self.metadata)
        except ValueError as error:
            self._link.close()
            raise ServerError(f"policy server {url}: {error}") from error

    def infer(
        self,
        observation: Observation,
        prefix: np.ndarray | None = None,
        seed: int | None = None,
        urgency: Urgency | None = None,
    ) -> Chunk:
        """The chunk for an observation; its `infer_s` is the round trip as the robot saw it.

        prefix: float [p <= max_prefix, native_dim], the commands that run in the p ticks from the
        observation on. urgency: where the server serves several, who goes first; None: those that say.
        ValueError for what does not fit the embodiment (nothing is sent), ServerError for a refusal, NotNow
        where the server has no answer for this moment, ConnectionLost if it is gone or silent for
        `timeout_s`. After a loss, the next call first connects anew, once.
        """
        request: dict[str, Any] = {}
        if prefix is not None and len(prefix) > 0:
            request[wire.PREFIX] = self._commands("prefix", prefix, self.max_prefix)
        return self._chunk(observation, request, seed, urgency)

    def infer_guided(
        self,
        observation: Observation,
        guide: Guide,
        seed: int | None = None,
        urgency: Urgency | None = None,
    ) -> Chunk:
        """As `infer`, led along a guide; ValueError where the server does not lead so (nothing is sent)."""
        if guide.by not in self.guidance:
            known = ", ".join(self.guidance) or "none"
            raise ValueError(f"guide: got one by {guide.by}, this server takes {known}")
        rows = self._commands("guide", guide.rows, self.action_horizon)
        request = {wire.GUIDE: rows, wire.GUIDE_DELAY: guide.delay, wire.GUIDED_BY: guide.by}
        return self._chunk(observation, request, seed, urgency)

    def close(self) -> None:
        """End the connection, and with it an `infer` that waits in another thread."""
        self._closed = True
        self._link.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _chunk(
        self, observation: Observation, request: dict[str, Any], seed: int | None, urgency: Urgency | None
    ) -> Chunk:
        request |= _observation_map(observation, self.embodiment)
        if urgency is not None:  # nobody waits for an answer behind the timeout
            request[wire.DEADLINE_MS] = 1e3 * urgency.plan_s
            request[wire.EXPIRES_MS] = 1e3 * min(urgency.useful_s, self._timeout_s)
        if seed is not None:
            request[wire.SEED] = _whole("seed", seed, MAX_SEED)
        with self._lock:
            start_s = time.monotonic()
            actions, features = self._ask(request, start_s + self._timeout_s)
            infer_s = time.monotonic() - start_s
            return Chunk(actions, observation.time_s, self.embodiment.dt, infer_s, features)

    def _commands(self, name: str, commands: np.ndarray, most: int) -> np.ndarray:
        array, native_dim = np.asarray(commands, dtype=np.float64), self.embodiment.native_dim
        if array.ndim != 2 or array.shape[1] != native_dim or len(array) > most:
            raise ValueError(f"{name}: got shape {array.shape}, expected [at most {most}, {native_dim}]")
        if not np.isfinite(array).all():
            raise ValueError(f"{name}: got NaN or infinity")
        return array

    def _ask(self, request: dict[str, Any], deadline_s: float) -> tuple[np.ndarray, np.ndarray | None]:
        """Actions, and the features of a policy that has them."""
        if self._link.lost and not self._closed:
            self._reconnect(deadline_s)
        if self._closed:
            raise ConnectionLost(f"policy server {self._url}: this client is closed")
        self._requests += 1
        if self.metadata.get(wire.FEATURES) is True:
            request = {**request, wire.FEATURES: True}
        answer = self._link.ask({**request, wire.REQUEST_ID: self._requests}, deadline_s)
        try:
            actions = _actions(answer, (self.action_horizon, self.embodiment.native_dim))
            return actions, _features(answer)
        except ValueError as error:
            raise ServerError(f"policy server {self._url}: {error}") from error

    def _reconnect(self, deadline_s: float) -> None:
        """One attempt. The server must serve what it served before: the robot was set up for that."""
        link = Link(self._url, self._api_key, deadline_s, self._timeout_s)
        changed = _changed(self.metadata, link.metadata)
        if changed or self._closed:
            link.close()
        if changed:
            raise ServerError(f"policy server {self._url}: came back with another {', '.join(changed)}")
        self._link = link

    def _wait_for_server(self, timeout_s: float) -> Link:
        deadline_s = time.monotonic() + timeout_s
        while True:
            try:
                return Link(self._url, self._api_key, deadline_s, self._timeout_s)
            except ConnectionLost as error:
                if time.monotonic() + RETRY_S >= deadline_s:
                    raise ConnectionLost(f"{error}; gave up after {timeout_s:g} s") from error
            time.sleep(RETRY_S)


def _read_metadata(metadata: dict[str, Any]) -> tuple[Embodiment, int, int]:
    """Embodiment, action horizon and longest prefix; ValueError if it is not our protocol's."""
    if metadata.get(wire.PROTOCOL) != wire.PROTOCOL_VERSION:
        raise ValueError(
            f"got metadata with protocol {metadata.get(wire.PROTOCOL)!r} and keys {sorted(metadata)}, "
            f"expected an XR-0 server of protocol {wire.PROTOCOL_VERSION}"
        )
    missing = [key for key in (wire.EMBODIMENT, wire.ACTION_HORIZON, wire.MAX_PREFIX) if key not in metadata]
    if missing:
        raise ValueError(f"got metadata without {missing}, got {sorted(metadata)}")
    horizon, max_prefix = metadata[wire.ACTION_HORIZON], metadata[wire.MAX_PREFIX]
    if type(horizon) is not int or type(max_prefix) is not int or not 0 <= max_prefix < horizon:
        raise ValueError(
            f"got action_horizon {horizon!r}, max_prefix {max_prefix!r}, expected 0 <= max_prefix < it"
        )
    return Embodiment.from_dict(metadata[wire.EMBODIMENT]), horizon, max_prefix


def _guidance(metadata: dict[str, Any]) -> tuple[Guidance, ...]:
    """In which ways the server can be guided, as far as they are known here."""
    offered = metadata.get(wire.GUIDANCE, [])
    if not isinstance(offered, list):
        raise ValueError(f"got {wire.GUIDANCE} {wire.brief(offered)}, expected a list")
    return tuple(by for by in GUIDANCE if by in offered)


def _changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Keys whose packed values differ."""
    keys = sorted({*before, *after})
    return [key for key in keys if wire.pack({key: before.get(key)}) != wire.pack({key: after.get(key)})]


def _observation_map(observation: Observation, embodiment: Embodiment) -> dict[str, Any]:
    """The request's part that openpi knows; ValueError where the observation is not the embodiment's."""
    expected = [camera.key for camera in embodiment.cameras]
    if set(observation.images) != set(expected):
        raise ValueError(
            f"observation: got cameras {sorted(observation.images)}, expected {sorted(expected)}"
        )
    request: dict[str, Any] = {wire.PROMPT: observation.instruction}
    for camera in embodiment.cameras:
        camera.check(observation.images[camera.key])
        request[wire.image_key(camera.key)] = observation.images[camera.key]
    request[wire.STATE] = finite_vector("state", observation.state, embodiment.state_dim)
    return request


def _whole(name: str, value: int, highest: int) -> int:
    number = operator.index(value)
    if not 0 <= number <= highest:
        raise ValueError(f"{name}: got {number}, expected 0 to {highest}")
    return number


def _actions(answer: dict[str, Any], expected: tuple[int, int]) -> np.ndarray:
    """The answer's actions as float64 [action_horizon, native_dim]; ValueError if they are anything else."""
    actions = answer.get(wire.ACTIONS)
    if not isinstance(actions, np.ndarray) or actions.dtype.kind != "f" or actions.shape != expected:
        got = f"{actions.dtype} of {actions.shape}" if isinstance(actions, np.ndarray) else repr(actions)
        raise ValueError(f"got actions {got}, expected floats of {expected}")
    if not np.isfinite(actions).all():
        raise ValueError("got NaN or infinity in the actions")
    return actions.astype(np.float64)


def _features(answer: dict[str, Any]) -> np.ndarray | None:
    """The answer's features as float64, None without; ValueError if they are anything else, or too many."""
    features = answer.get(wire.FEATURES)
    if features is None:
        return None
    if not isinstance(features, np.ndarray) or features.dtype.kind != "f":
        raise ValueError(f"got features {wire.brief(features)}, expected an array of floats")
    if features.size > wire.MAX_FEATURES:
        raise ValueError(f"got {features.size} features, expected at most {wire.MAX_FEATURES}")
    if not np.isfinite(features).all():
        raise ValueError("got NaN or infinity in the features")
    return features.astype(np.float64)
