# pyright: reportMissingImports=false
"""One replica: the same policy, keys and scheduler as `xr0 serve`, with Ray Serve's proxy as its front door.

To Ray Serve a robot's connection is one request, however long it lasts: its router hands it to one replica,
of two drawn by lot that with fewer connections; there it stays. A robot leaves nothing there when it goes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from ray import serve
from ray.serve.config import AutoscalingContext

from xr0.serve import keys
from xr0.serve.asgi import Application
from xr0.serve.dispatch import Policy
from xr0.serve.scaling import Figures, wanted
from xr0.serve.service import Serving

MOST_CONNECTED = 1000
"""Robots at one replica, beyond which a connection waits in the proxy: as many as were measured at one server
(results/fleet/load.md). Who of them is served is decided by admission."""


@serve.deployment(name="policy", max_ongoing_requests=MOST_CONNECTED)
@serve.ingress()
class Replica:
    """load: makes the policy, in the replica's process. known: file of keys, where it runs; None: anybody."""

    def __init__(self, load: Callable[[], Policy], known: Path | None, largest_batch: int) -> None:
        serving = Serving(keys.groups(None, known), largest_batch, replica=True)
        self._application = Application(load(), serving)

    def __serve_build_asgi_app__(self) -> Application:
        return self._application

    def record_autoscaling_stats(self) -> dict[str, float]:
        """What `scale` is told of this replica; Ray Serve calls it."""
        service = self._application.service
        return {} if service is None else asdict(service.figures())


def scale(context: AutoscalingContext) -> tuple[int, dict[str, Any]]:
    """Ray Serve's autoscaling policy: how many replicas it should run. Bounds and delays are Ray Serve's."""
    told = context.raw_metrics or {}

    def figures(replica: Hashable) -> list[Figures]:
        series = [told.get(field.name, {}).get(replica, []) for field in fields(Figures)]
        return [Figures(*(point.value for point in points)) for points in zip(*series, strict=False)]

    seen = [figures(replica) for replica in context.running_replicas]
    return wanted(seen, context.current_num_replicas), {}
