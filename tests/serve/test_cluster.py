"""Replicas behind Ray Serve, where Ray is installed: `runs/cluster.sh` runs this in such an environment."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("ray", reason="Ray is not installed here: runs/cluster.sh runs this where it is")

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "runs"))
from load.cluster import KEY, cluster, replicas

from xr0.serve.cluster.replica import scale
from xr0_robot.client import Client, ServerError
from xr0_robot.robots.mock import MOCK
from xr0_robot.types import Observation

AGAIN_S = 30.0


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with cluster() as found, replicas({"min_replicas": 2, "max_replicas": 2}, batch_ms=1.0, request_ms=1.0):
        yield found


def asked(client: Client, number: float) -> int:
    """The process that answers; the answer is this robot's own."""
    images = {camera.key: np.zeros((*camera.size, 3), np.uint8) for camera in MOCK.cameras}
    chunk = client.infer(Observation(images, np.full(7, number), "go", 0.0))
    assert (chunk.actions == number).all()
    assert chunk.features is not None
    return int(chunk.features[0])


def asked_again(client: Client, number: float) -> int:
    deadline_s = time.monotonic() + AGAIN_S
    while time.monotonic() < deadline_s:
        with contextlib.suppress(ConnectionError):
            return asked(client, number)
        time.sleep(0.1)
    return pytest.fail(f"robot {number:g} was not served again")


def test_a_robot_stays_with_its_replica_and_outlives_it(url: str) -> None:
    with contextlib.ExitStack() as stack:
        robots = [stack.enter_context(Client(url, api_key=KEY)) for _ in range(6)]
        at = [asked(robot, number) for number, robot in enumerate(robots)]
        assert len(set(at)) == 2
        assert [asked(robot, number) for number, robot in enumerate(robots)] == at
        dead = at[0]
        os.kill(dead, signal.SIGKILL)
        then = [asked_again(robot, number) for number, robot in enumerate(robots)]
        assert dead not in then
        assert all(now == before for now, before in zip(then, at, strict=True) if before != dead)


@pytest.mark.parametrize("key", [None, "other"])
def test_a_stranger_is_refused(url: str, key: str | None) -> None:
    with pytest.raises(ServerError, match="refused, got"):
        Client(url, api_key=key)


def test_what_replicas_tell_decides() -> None:
    def points(*values: float) -> list[SimpleNamespace]:
        return [SimpleNamespace(value=value) for value in values]

    told = {
        "load": {"a": points(0.1, 0.4), "b": points(0.4)},
        "late": {"a": points(0.0, 0.0), "b": points(5.0)},
        "full": {"a": points(0.0, 0.0), "b": points(2.0)},
    }
    context = SimpleNamespace(running_replicas=["a", "b", "new"], current_num_replicas=3, raw_metrics=told)
    assert scale(context) == (2, {})
    told["late"]["a"] = points(0.0, 1.0)
    assert scale(context) == (4, {})
    context.raw_metrics = None
    assert scale(context) == (3, {})
