# pyright: reportMissingImports=false, reportAttributeAccessIssue=false
"""Replicas behind Ray Serve on this machine: one is killed under load, then the proxy; then robots come and
go.

Robots are real executors and clients at 30 Hz over real sockets, all in this process; the policy of each
replica sleeps for the time that a batch takes. deploy/ray.yaml says how replicas are run; what is changed
here is below.

Usage: python -m load.cluster OUT.json [--parts replica proxy growth] [--seed N]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import secrets
import signal
import socket
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import ray
import yaml
from ray import serve

from load import cluster_figures as figures
from load.cluster_robots import Fleet, Told
from xr0.serve.cluster.replica import Replica
from xr0.serve.dispatch import Policy
from xr0.serve.scheduler import LARGEST_BATCH
from xr0_robot import report

DEPLOYED = Path(__file__).resolve().parents[2] / "deploy" / "ray.yaml"

Victim = Literal["replica", "proxy"]
Part = Literal[Victim, "growth"]

CPUS, OBJECT_STORE_BYTES = 2, 80 * 2**20
"""What Ray may use, at most; 75 MiB is its least for the store, which stays empty."""

SETTLE_S = 3.0
"""Behind the start of Ray's many processes, which takes all of a small machine."""

LOOK_S = 0.25
"""Between two looks at how many replicas run."""

KEY = secrets.token_hex()
"""Of all robots; nobody else may ask."""


@dataclass(frozen=True)
class Kill:
    """One process is killed at `at_s` of `seconds`; a batch of b takes batch_ms + b request_ms."""

    victim: Victim
    replicas: int = 3
    robots: int = 9
    batch_ms: float = 30.0
    request_ms: float = 10.0
    at_s: float = 10.0
    seconds: float = 30.0
    patience_s: float = 10.0


@dataclass(frozen=True)
class Growth:
    """So many robots in each phase of `seconds`. They wait for room longer than they would at work."""

    most_replicas: int = 3
    robots: tuple[int, ...] = (2, 6, 10, 2)
    batch_ms: float = 20.0
    request_ms: float = 45.0
    seconds: float = 30.0
    downscale_delay_s: float = 10.0
    patience_s: float = 60.0


def told(batch_s: float, request_s: float) -> Policy:
    """Called in the replica's process."""
    return Told(batch_s, request_s, os.getpid())


@contextlib.contextmanager
def cluster() -> Iterator[str]:
    """Ray on this machine; yields the url of Ray Serve's proxy, on loopback."""
    with tempfile.TemporaryDirectory(prefix="xr0-", ignore_cleanup_errors=True) as folder:
        ray.init(
            num_cpus=CPUS,
            object_store_memory=OBJECT_STORE_BYTES,
            include_dashboard=False,
            log_to_driver=False,
            _temp_dir=folder,
        )
        try:
            port = _free_port()
            serve.start(http_options={"host": "127.0.0.1", "port": port})
            yield f"ws://127.0.0.1:{port}"
        finally:
            serve.shutdown()
            ray.shutdown()


@contextlib.contextmanager
def replicas(scaling: Mapping[str, Any], batch_ms: float, request_ms: float) -> Iterator[None]:
    """As deployed, but for the policy, a share of a core each, and `scaling`."""
    (application,) = yaml.safe_load(DEPLOYED.read_text(encoding="utf-8"))["applications"]
    (options,) = application["deployments"]
    options["autoscaling_config"] |= scaling
    options["ray_actor_options"] = {"num_cpus": 0.1}
    with tempfile.TemporaryDirectory() as folder:
        known = Path(folder) / "keys.json"
        known.write_text(json.dumps({"robots": {"key": KEY}}), encoding="utf-8")
        policy = partial(told, batch_ms / 1e3, request_ms / 1e3)
        serve.run(Replica.options(**options).bind(policy, known, LARGEST_BATCH), name="xr0", route_prefix="/")
        time.sleep(SETTLE_S)
        try:
            yield
        finally:
            serve.delete("xr0")


class Watch:
    """How many replicas run, whenever that changes."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, int]] = []

    def until(self, end_s: float) -> None:
        """Look, until then; by time.monotonic."""
        while (now_s := time.monotonic()) < end_s:
            (deployment,) = serve.status().applications["xr0"].deployments.values()
            running = deployment.replica_states.get("RUNNING", 0)
            if not self.seen or self.seen[-1][1] != running:
                self.seen.append((now_s, running))
            time.sleep(LOOK_S)


def kill(url: str, given: Kill, seed: int) -> dict[str, Any]:
    """The replica with the most robots, or Ray Serve's proxy, by kill -9."""
    fixed = {"min_replicas": given.replicas, "max_replicas": given.replicas}
    with replicas(fixed, given.batch_ms, given.request_ms):
        fleet, watch = Fleet(url, KEY, seed, given.patience_s), Watch()
        begin_s = time.monotonic()
        for _ in range(given.robots):
            fleet.send(begin_s + given.seconds)
        watch.until(begin_s + given.at_s)
        shares = Counter(robot.answered[-1][1] for robot in fleet.robots if robot.answered)
        dead = shares.most_common(1)[0][0] if given.victim == "replica" else _proxy()
        at_s = time.monotonic()
        os.kill(dead, signal.SIGKILL)
        watch.until(begin_s + given.seconds)
        fleet.wait()
    changes = figures.since(watch.seen, begin_s)
    told = {
        "robots_of_each": sorted(shares.values()),
        "killed_s": round(at_s - begin_s, 2),
        "running": changes,
    }
    return asdict(given) | told | figures.killed(fleet.robots, dead, at_s)


def grow(url: str, given: Growth, seed: int) -> dict[str, Any]:
    """Robots come and go, replicas follow."""
    scaling = {"min_replicas": 1, "max_replicas": given.most_replicas}
    scaling |= {"downscale_delay_s": given.downscale_delay_s}
    with replicas(scaling, given.batch_ms, given.request_ms):
        fleet, watch = Fleet(url, KEY, seed, given.patience_s), Watch()
        begin_s = time.monotonic()
        ends_s = [begin_s + given.seconds * (k + 1) for k in range(len(given.robots))]
        for k, end_s in enumerate(ends_s):
            for number in range(len(fleet.robots), given.robots[k]):
                gone = next((j for j in range(k, len(ends_s)) if given.robots[j] <= number), len(ends_s))
                fleet.send(ends_s[gone - 1])
            watch.until(end_s)
        fleet.wait()
    phases = []
    for end_s in ends_s:
        row = figures.phase(fleet.robots, end_s - given.seconds, end_s - figures.LEAVING_S)
        phases.append(row | {"replicas": [n for at_s, n in watch.seen if at_s <= end_s][-1]})
    return {
        **asdict(given),
        "running": figures.since(watch.seen, begin_s),
        "phases": phases,
        **figures.totals(fleet.robots),
    }


def _proxy() -> int:
    """Its process."""
    names = [each["name"] for each in ray.util.list_named_actors(all_namespaces=True)]
    (name,) = (name for name in names if "PROXY_ACTOR" in name)
    return ray.get(ray.get_actor(name, namespace="serve").__ray_call__.remote(lambda _: os.getpid()))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def measure(part: Part, seed: int) -> dict[str, Any]:
    """One part, on a cluster of its own."""
    with cluster() as url:
        row = grow(url, Growth(), seed) if part == "growth" else kill(url, Kill(part), seed)
    stamp = {"code": report.code(), "machine": report.machine(), "date": report.now()}
    return {**row, "seed": seed, **stamp, "versions": {**report.versions(), "ray": ray.__version__}}


def main() -> None:
    """Measure, and write each part as soon as it is known, beside what OUT.json has of the others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--parts", nargs="+", choices=get_args(Part), default=get_args(Part))
    parser.add_argument("--seed", type=int, default=0, help="of the first robot; the next ones follow")
    given = parser.parse_args()
    logging.disable(logging.WARNING)  # of robots that are refused or lose a connection: both are counted
    for part in given.parts:
        found = json.loads(given.out.read_text(encoding="utf-8")) if given.out.exists() else {}
        report.write(given.out, {**found, part: measure(part, given.seed)})


if __name__ == "__main__":
    main()
