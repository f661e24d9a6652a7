"""What the server counts, for Prometheus: totals only, so that no robot learns of another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from xr0.serve.scheduler import Ask, Why
from xr0_robot import wire

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
"""Of `Metrics.text`."""

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
SIZES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """One server's, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        own = {"namespace": "xr0", "registry": self._registry}
        self._requests = Counter(
            "requests",
            "Requests by what came of them: answered, refused (bad), failed (the policy raised), limited "
            "(too many of one key), superseded, expired, full.",
            ("outcome",),
            **own,
        )
        self._executed = Counter(
            "executions", "Answers by the execution that computed them.", ("execution",), **own
        )
        self._missed = Counter("deadlines_missed", "Answers behind the end of their robot's plan.", **own)
        self._queue = Histogram("queue_seconds", "From request to batch.", buckets=SECONDS, **own)
        self._batch = Histogram("batch_seconds", "What a batch takes.", buckets=SECONDS, **own)
        self._size = Histogram("batch_size", "Requests in a batch.", buckets=SIZES, **own)
        self._connections = Gauge("connections", "Robots that are connected.", **own)
        self._admitted = Gauge("robots_admitted", "Robots whose deadlines are kept.", **own)
        self._load = Gauge("load_ratio", "Share of the time that they need, as measured.", **own)

    @property
    def late(self) -> float:
        """Answers behind the end of their robot's plan, so far."""
        return self._counted("xr0_deadlines_missed_total")

    @property
    def full(self) -> float:
        """Requests turned away for want of room, so far."""
        return self._counted("xr0_requests_total", {"outcome": "full"})

    def connected(self, change: int) -> None:
        """A robot has come (1) or gone (-1)."""
        self._connections.inc(change)

    def watch(self, admitted: Callable[[], float], load: Callable[[], float]) -> None:
        """Functions that are read whenever the metrics are."""
        self._admitted.set_function(admitted)
        self._load.set_function(load)

    def computed(self, size: int, seconds: float) -> None:
        """A batch."""
        self._size.observe(size)
        self._batch.observe(seconds)

    def ended(self, ask: Ask, reply: Mapping[str, Any] | Exception, start_s: float, end_s: float) -> None:
        """One request of it."""
        failed = "refused" if isinstance(reply, ValueError) else "failed"
        self._requests.labels(failed if isinstance(reply, Exception) else "answered").inc()
        if not isinstance(reply, Exception) and (by := reply.get(wire.POLICY_TIMING, {}).get(wire.EXECUTION)):
            self._executed.labels(by).inc()
        self._queue.observe(start_s - ask.came_s)
        if ask.plan_s and end_s > ask.came_s + ask.plan_s:
            self._missed.inc()

    def dropped(self, why: Why) -> None:
        """The scheduler gave it up."""
        self._requests.labels(why).inc()

    def refused(self) -> None:
        """It could not be read."""
        self._requests.labels("refused").inc()

    def limited(self) -> None:
        """Its key asks too often."""
        self._requests.labels("limited").inc()

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self._registry)

    def _counted(self, name: str, labels: dict[str, str] | None = None) -> float:
        return self._registry.get_sample_value(name, labels) or 0.0
