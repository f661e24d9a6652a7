"""One robot's exchange of frames with the server.

Frames are read in threads and answered in order; the next one is read while the last one is thought about, so
that a newer observation is known. What a client sends can cost it its connection, and everyone else nothing:
a refusal is one line, to it and in the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import math
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode

from xr0.serve.dispatch import Answer, Dispatcher, FullError, NotNowError, Pending, Policy, Question
from xr0.serve.keys import Counted
from xr0.serve.logs import told
from xr0.serve.metrics import Metrics
from xr0.serve.peers import log
from xr0.serve.scheduler import Ask
from xr0_robot import wire

logger = logging.getLogger("xr0.serve")
"""Of what the policy raises; `log` has what clients cause."""

AHEAD = 4
"""Requests of one connection that may be unanswered before its socket is no longer read: a client that does
not wait for answers fills its own buffers, not the server's memory."""

MAX_LINE = 500
"""Characters of a refusal."""

DRAIN_S = 10.0
"""For the answers that are under way when the server is told to stop."""

MAX_WAIT_MS = 1e9
"""What a request may say of its deadlines: eleven days."""


@runtime_checkable  # hints are checked in tests
class Connection(Protocol):
    """What a conversation needs of a websocket: iterated, it yields frames until the client leaves."""

    @property
    def remote_address(self) -> Any:
        """Of the client, for the log."""
        ...

    async def send(self, message: str | bytes, /) -> None:
        """A text or a binary frame; ConnectionClosed of `websockets` where the client has left."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Idempotent."""
        ...

    def __aiter__(self) -> AsyncIterator[str | bytes]: ...


class UnreadableError(Exception):
    """A frame that is no request at all: the peer speaks something else. It is told so, and left."""


@dataclass(frozen=True)
class _Asked:
    """A request on its way: when it came, what its answer repeats, the answer, whether with features."""

    came_s: float
    echo: Mapping[str, int]
    pending: Pending
    features: bool = False


@dataclass(frozen=True)
class _Read:
    echo: Mapping[str, int]
    question: Question
    plan_s: float | None
    useful_s: float
    features: bool


class Conversations:
    """Every connection's, over one policy. replica: whether a robot that finds this server full may find room
    elsewhere by connecting anew."""

    def __init__(
        self,
        policy: Policy,
        metadata: Mapping[str, Any],
        dispatcher: Dispatcher,
        metrics: Metrics,
        replica: bool = False,
    ) -> None:
        self._policy, self._dispatcher, self._metrics = policy, dispatcher, metrics
        self._hello = wire.pack({**metadata, wire.PROTOCOL: wire.PROTOCOL_VERSION})
        self._rate_hz = dict(metadata.get(wire.EMBODIMENT, {})).get("rate_hz")
        self._replica = replica
        self._serial = itertools.count()
        self._queues: set[asyncio.Queue[_Asked | None]] = set()

    async def hold(self, connection: Connection, group: Counted) -> None:
        """One client, until it leaves or sends what cannot be read."""
        robot, why = next(self._serial), group.full()
        if why is not None:
            await _part(connection, wire.NOT_NOW + why)
            return
        group.connected += 1
        self._metrics.connected(1)
        who = {"robot": robot, "key": group.group.name, "peer": str(connection.remote_address)}
        logger.info("connected", extra=told(**who))
        asked: asyncio.Queue[_Asked | None] = asyncio.Queue(AHEAD)
        self._queues.add(asked)
        answering = asyncio.create_task(self._answer(connection, asked))
        try:
            with contextlib.suppress(ConnectionClosed):
                await connection.send(self._hello)
                async for frame in connection:
                    await asked.put(await self._ask(robot, frame, group))
        finally:
            group.connected -= 1
            self._metrics.connected(-1)
            self._dispatcher.leave(robot)
            await asked.put(None)
            await answering
            self._queues.remove(asked)
            logger.info("left", extra=told(**who))

    async def drain(self) -> None:
        """Take no more requests; wait, DRAIN_S at most, until those that are here are answered."""
        self._dispatcher.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                await asyncio.gather(*(asked.join() for asked in self._queues))

    async def _ask(self, robot: int, frame: bytes | str, group: Counted) -> _Asked:
        came_s, echo = time.monotonic(), {}
        why = group.spend(came_s)
        if why is not None:
            self._metrics.limited()
            return _Asked(came_s, echo, _settled(NotNowError(why), came_s))
        self._dispatcher.expect()
        try:
            read = await asyncio.to_thread(self._read, frame)
        except Exception as error:  # noqa: BLE001 - whatever a policy raises ends its client at most
            self._dispatcher.unexpect()
            self._metrics.refused()
            return _Asked(came_s, echo, _settled(error, came_s))
        question = read.question
        ask = Ask(robot, question.bucket, came_s, question.what, read.plan_s, read.useful_s)
        return _Asked(came_s, read.echo, self._dispatcher.ask(ask), read.features)

    def _read(self, frame: bytes | str) -> _Read:
        """In a thread: a frame of 60 MB must hold nobody up."""
        if isinstance(frame, str):
            raise UnreadableError("got a text frame, expected a binary frame with a msgpack map")
        try:
            request = wire.unpack(frame)
        except ValueError as error:
            raise UnreadableError(str(error)) from error
        echo, plan_s = _request_id(request), _seconds(request, wire.DEADLINE_MS)
        useful_s = _seconds(request, wire.EXPIRES_MS)
        question, features = self._policy.read(request), request.get(wire.FEATURES) is True
        return _Read(echo, question, plan_s, math.inf if useful_s is None else useful_s, features)

    async def _answer(self, connection: Connection, asked: asyncio.Queue[_Asked | None]) -> None:
        """In the order in which it was asked."""
        previous_s: float | None = None
        while (each := await asked.get()) is not None:
            answer = await each.pending
            frame = self._frame(each, answer, previous_s)
            with contextlib.suppress(ConnectionClosed):
                if isinstance(frame, Exception):
                    await _refuse(connection, frame)
                    if self._replica and isinstance(frame, FullError):
                        await connection.close(CloseCode.TRY_AGAIN_LATER, "another replica may have room")
                else:
                    await connection.send(frame)
                    previous_s = time.monotonic() - each.came_s
            asked.task_done()
        asked.task_done()

    def _frame(self, asked: _Asked, answer: Answer, previous_s: float | None) -> bytes | Exception:
        """What is sent, or why nothing can be."""
        if isinstance(answer.reply, Exception):
            return answer.reply
        timing: dict[str, float | int] = {
            wire.QUEUE_MS: 1e3 * (answer.start_s - asked.came_s),
            wire.INFER_MS: 1e3 * (answer.end_s - answer.start_s),
        }
        if previous_s is not None:
            timing[wire.PREV_TOTAL_MS] = 1e3 * previous_s
        if self._rate_hz is not None:
            timing[wire.FIRST_ROW] = math.ceil((answer.end_s - asked.came_s) * self._rate_hz)
        reply = dict(answer.reply)
        if not asked.features:  # an openpi client would slice them
            reply.pop(wire.FEATURES, None)
        try:
            return wire.pack({**reply, **asked.echo, wire.SERVER_TIMING: timing})
        except ValueError as error:
            return RuntimeError(f"the policy's answer has no place on the wire: {error}")


async def _refuse(connection: Connection, error: Exception) -> None:
    """In one line; a peer that is no client, or whose request made the policy fail, is left."""
    if isinstance(error, NotNowError):
        await connection.send(_line(wire.NOT_NOW + str(error)))
    elif isinstance(error, ValueError):
        line = _line(str(error))
        log.warning("refused a request: %s", line)
        await connection.send(line)
    elif isinstance(error, UnreadableError):
        await _part(connection, str(error))
    else:
        logger.error("%s: inference failed", connection.remote_address, exc_info=error)
        reason = f"internal error ({type(error).__name__}), the server's log has the traceback"
        await _part(connection, reason)


async def _part(connection: Connection, reason: str) -> None:
    """Say why in a text frame, then close as openpi's server does."""
    line = _line(reason)
    log.warning("%s: closing, %s", connection.remote_address, line)
    await connection.send(line)
    await connection.close(CloseCode.INTERNAL_ERROR, "the text frame before says why")


def _settled(error: Exception, now_s: float) -> Pending:
    pending: Pending = asyncio.get_running_loop().create_future()
    pending.set_result(Answer(error, now_s, now_s))
    return pending


def _line(text: str) -> str:
    """In one line, and no longer than one."""
    return " ".join(text.split())[:MAX_LINE]


def _request_id(request: Mapping[str, Any]) -> dict[str, int]:
    """What the answer repeats: nothing, if the client sent no id."""
    if wire.REQUEST_ID not in request:
        return {}
    value = request[wire.REQUEST_ID]
    if not isinstance(value, int | np.integer) or isinstance(value, bool):
        raise ValueError(f"{wire.REQUEST_ID}: got {type(value).__name__}, expected an integer")
    return {wire.REQUEST_ID: int(value)}


def _seconds(request: Mapping[str, Any], key: str) -> float | None:
    """Of a time in milliseconds, None where there is none."""
    value = request.get(key)
    if value is None:
        return None
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not number or not 0.0 <= value <= MAX_WAIT_MS:
        raise ValueError(f"{key}: got {wire.brief(value)}, expected a number from 0 to {MAX_WAIT_MS:g}")
    return float(value) / 1e3
