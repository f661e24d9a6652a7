"""A served policy, whatever brings the frames: `server` on a port of its own, `asgi` behind a front door.

What plain HTTP is answered, who may come in and what a robot is told are the same behind both.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus

from xr0.serve import keys
from xr0.serve.conversation import Connection, Conversations
from xr0.serve.dispatch import Dispatcher, Policy
from xr0.serve.metrics import CONTENT_TYPE, Metrics
from xr0.serve.scaling import Figures
from xr0.serve.scheduler import LARGEST_BATCH, Scheduler


@dataclass(frozen=True)
class Serving:
    """What is served to whom.

    groups: whose keys are known. largest_batch: requests that are answered together at most. replica: whether
    others serve the same behind one address, so that a robot that finds this one full is parted with.
    """

    groups: tuple[keys.Group, ...] = keys.ANYBODY
    largest_batch: int = LARGEST_BATCH
    replica: bool = False

    def __post_init__(self) -> None:
        if self.largest_batch < 1:
            raise ValueError(f"largest batch: got {self.largest_batch}, expected 1 or more")


@dataclass(frozen=True)
class Page:
    """What plain HTTP is answered."""

    status: HTTPStatus
    text: str
    content_type: str = "text/plain; charset=utf-8"


class Service:
    """A policy that answers; `opened` makes one."""

    def __init__(
        self, policy: Policy, worker: ThreadPoolExecutor, serving: Serving, metadata: dict[str, object]
    ) -> None:
        self._known, self._metrics = keys.Keys(serving.groups), Metrics()
        self._scheduler = Scheduler(serving.largest_batch)
        admission = self._scheduler.admission
        self._metrics.watch(lambda: len(admission), admission.load)
        self.dispatcher = Dispatcher(policy, worker, self._scheduler, self._metrics)
        self._conversations = Conversations(
            policy, metadata, self.dispatcher, self._metrics, replica=serving.replica
        )

    def page(self, path: str, authorization: Sequence[str]) -> Page | None:
        """The health check, the metrics, or who has no key; None for who may `hold` a connection."""
        if self.dispatcher.stopping:
            return Page(HTTPStatus.SERVICE_UNAVAILABLE, "stopping\n")
        if path == "/healthz":
            return Page(HTTPStatus.OK, "OK\n")
        if self._known.of(authorization) is None:
            return Page(HTTPStatus.UNAUTHORIZED, "expected a header Authorization: Api-Key KEY\n")
        if path == "/metrics":
            return Page(HTTPStatus.OK, self._metrics.text().decode(), CONTENT_TYPE)
        return None

    async def hold(self, connection: Connection, authorization: Sequence[str]) -> None:
        """One robot's connection, until it ends."""
        group = self._known.of(authorization)
        if group is not None:  # `page` has seen to it
            await self._conversations.hold(connection, group)

    def figures(self) -> Figures:
        """What tells whether this replica is enough."""
        return Figures(self._scheduler.admission.load(), self._metrics.late, self._metrics.full)

    async def drain(self) -> None:
        """Take no more requests; those that are here are answered."""
        await self._conversations.drain()


@contextlib.asynccontextmanager
async def opened(policy: Policy, serving: Serving) -> AsyncIterator[Service]:
    """Warm, and answering until it is left."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1, thread_name_prefix="xr0-policy") as worker:
        await loop.run_in_executor(worker, policy.warm_up, serving.largest_batch)
        metadata = dict(await loop.run_in_executor(worker, policy.metadata))
        service = Service(policy, worker, serving, metadata)
        answering = asyncio.create_task(service.dispatcher.run())
        try:
            yield service
        finally:
            answering.cancel()
