"""Between connections and the policy: the event loop decides whose turn it is, one thread computes.

Only here meet the scheduler, which has no clock, and the clock; the policy, which may take a second, and the
event loop, which must not.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from xr0.serve.metrics import Metrics
from xr0.serve.scheduler import Ask, Dropped, Scheduler

REFUSALS_PER_S = 50.0
"""Robots that found the server full come again as soon as they are told so, which must not cost the time of
those that are served: what is beyond waits for its refusal."""

REFUSAL_S = 4.0
"""The longest such wait, at whose end all that are beyond it are told; a client waits 10 s."""


@dataclass(frozen=True)
class Question:
    """A request as the policy read it. Those of one bucket can be answered together."""

    bucket: Hashable
    what: Any


@runtime_checkable  # hints are checked in tests
class Policy(Protocol):
    """What can be served. All but `read` are called from one thread, so it may own a device."""

    def metadata(self) -> Mapping[str, Any]:
        """The metadata keys of xr0_robot.wire, without `protocol`."""
        ...

    def warm_up(self, largest_batch: int) -> None:
        """Compile and allocate, so that the first request is as fast as the last."""
        ...

    def read(self, request: dict[str, Any]) -> Question:
        """Check one request, keys of xr0_robot.wire; ValueError, one line, for a bad one. From any thread.

        Keys that are the server's business (`request_id`, `deadline_ms`, `expires_ms`) may be there.
        """
        ...

    def infer(self, questions: Sequence[Any]) -> list[dict[str, Any]]:
        """The answers to the `what` of questions of one bucket, keys of xr0_robot.wire but `server_timing`.

        Each as if it were asked alone. Where this raises, the server asks one by one.
        """
        ...


class NotNowError(Exception):
    """Why a request is not answered at this moment, in one line; another, later, may be."""


class FullError(NotNowError):
    """There is no room for the robot; another server may have some."""


@dataclass(frozen=True)
class Answer:
    """reply: the policy's, or what it raised instead, or NotNowError; start_s, end_s: of its batch."""

    reply: Mapping[str, Any] | Exception
    start_s: float
    end_s: float


Pending = asyncio.Future[Answer]


class Dispatcher:
    """Answers what robots ask, in the scheduler's order. For one event loop; times by time.monotonic."""

    def __init__(
        self, policy: Policy, worker: ThreadPoolExecutor, scheduler: Scheduler, metrics: Metrics
    ) -> None:
        self._policy, self._worker = policy, worker
        self._scheduler, self._metrics = scheduler, metrics
        self._pending: dict[Ask, Pending] = {}
        self._news = asyncio.Event()
        self._refused_s = -float("inf")
        """When the last robot that found the server full is told so."""
        self.stopping = False
        """Whether what is asked from now on is not answered."""

    def expect(self) -> None:
        """A request is here; `ask` or `unexpect` follows when it has been read."""
        self._scheduler.expect()

    def unexpect(self) -> None:
        """It could not be read."""
        self._scheduler.unexpect()
        self._news.set()

    def ask(self, ask: Ask) -> Pending:
        """Its answer, in time."""
        pending: Pending = asyncio.get_running_loop().create_future()
        if self.stopping:
            self._scheduler.unexpect()
            pending.set_result(_unanswered("the server is stopping"))
            return pending
        self._pending[ask] = pending
        self._give_up(self._scheduler.add(ask, time.monotonic()))
        self._news.set()
        return pending

    def leave(self, robot: Hashable) -> None:
        """Nobody waits for its answers any more."""
        self._scheduler.forget(robot)
        for ask in [ask for ask in self._pending if ask.robot == robot]:
            self._settle(ask, _unanswered("the robot has left"))

    async def run(self) -> None:
        """Answer until cancelled."""
        while True:
            self._news.clear()
            turn = self._scheduler.turn(time.monotonic())
            self._give_up(turn.dropped)
            if turn.batch:
                await self._compute(turn.batch)
            else:
                await self._wait(turn.wake_s)

    def stop(self) -> None:
        """Take no more requests; those that are here are answered."""
        self.stopping = True

    async def _wait(self, until_s: float | None) -> None:
        left_s = None if until_s is None else max(0.0, until_s - time.monotonic())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), left_s)

    async def _compute(self, batch: tuple[Ask, ...]) -> None:
        loop = asyncio.get_running_loop()
        start_s = time.monotonic()
        replies = await loop.run_in_executor(self._worker, self._replies, [ask.what for ask in batch])
        end_s = time.monotonic()
        self._scheduler.done(batch, end_s - start_s)
        self._metrics.computed(len(batch), end_s - start_s)
        for ask, reply in zip(batch, replies, strict=True):
            self._metrics.ended(ask, reply, start_s, end_s)
            self._settle(ask, Answer(reply, start_s, end_s))

    def _replies(self, questions: list[Any]) -> list[Mapping[str, Any] | Exception]:
        """In the worker. One that cannot be answered costs the others their batch, never their answer."""
        try:
            return [_finite(reply) for reply in self._policy.infer(questions)]
        except Exception as error:  # noqa: BLE001 - whatever a policy raises ends its client, not the server
            if len(questions) == 1:
                return [error]
        return [reply for question in questions for reply in self._replies([question])]

    def _give_up(self, dropped: tuple[Dropped, ...]) -> None:
        for each in dropped:
            self._metrics.dropped(each.why)
            answer, wait_s = self._declined(each), 0.0
            if each.why == "full":
                now_s = time.monotonic()
                self._refused_s = max(now_s, min(self._refused_s + 1 / REFUSALS_PER_S, now_s + REFUSAL_S))
                wait_s = self._refused_s - now_s
            asyncio.get_running_loop().call_later(wait_s, self._settle, each.ask, answer)

    def _settle(self, ask: Ask, answer: Answer) -> None:
        pending = self._pending.pop(ask, None)
        if pending is not None and not pending.done():
            pending.set_result(answer)

    def _declined(self, dropped: Dropped) -> Answer:
        if dropped.why == "superseded":
            return _unanswered("a newer request of this robot is here")
        admission = self._scheduler.admission
        if dropped.why == "expired":
            waiting = len(self._scheduler)
            return _unanswered(f"the answer would come too late to be of use; {waiting} more requests wait")
        why = (
            f"the server is full: {len(admission)} robots take {admission.load():.0%} of its time, and "
            "with one more they would not all be answered before their plans run out"
        )
        return _unanswered(why, FullError)


def _unanswered(why: str, kind: type[NotNowError] = NotNowError) -> Answer:
    now_s = time.monotonic()
    return Answer(kind(why), now_s, now_s)


def _finite(reply: Mapping[str, Any]) -> Mapping[str, Any] | Exception:
    """It, or what is wrong with it: an array with a number that is none."""
    broken = [
        key
        for key, value in reply.items()
        if isinstance(value, np.ndarray) and value.dtype.kind == "f" and not np.isfinite(value).all()
    ]
    if broken:
        return ValueError(f"the policy's answer has NaN or infinity in {', '.join(broken)}")
    return reply
