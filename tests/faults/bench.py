"""One case: a real client and executor at 30 Hz against a server, a fault at a tick, and what must hold."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from faults.liar import Liar
from faults.marching import PACE_M, ROBOT, SCALE, origin
from faults.proxy import HOST, Proxy
from xr0_robot.bench.rollout import Episode, EpisodeResult, rollout
from xr0_robot.client import Client
from xr0_robot.deadlines import Deadlines
from xr0_robot.executor.clock import WallClock
from xr0_robot.executor.estop import EStop
from xr0_robot.executor.inference import ThreadedInference
from xr0_robot.executor.methods import Prefix
from xr0_robot.executor.observer import Observer
from xr0_robot.limits import PoseLimit
from xr0_robot.robots.mock import LIMITS, MockEnv
from xr0_robot.types import Observation

POSE = PoseLimit(
    (0.15, -0.35, 0.005), (0.78, 0.35, 0.45), speed_m_s=1.0, turn_rad_s=4.0, acceleration_m_s2=1.0
)
BRAKE_M = POSE.acceleration_m_s2 * ROBOT.dt**2
"""By which a step shrinks from tick to tick."""
DEADLINES = Deadlines(max_lag_s=0.5, max_picture_age_s=0.25, patience_s=10.0, retry_s=0.1)
TIMEOUT_S = 0.6
"""Of a request."""
FAULT_TICK = 30

Outcome = Literal["recovers", "ends", "unharmed"]


class Clock(WallClock):
    """The wall's, with jumps."""

    ahead_s = 0.0

    def now(self) -> float:
        return super().now() + self.ahead_s


class Robot(MockEnv):
    """Says in its state at which tick it was seen; its cameras and its driver can be made to fail."""

    embodiment = ROBOT
    ticks = 0
    see: Callable[[Observation], Observation] = staticmethod(lambda observation: observation)
    drive: Callable[[], None] = staticmethod(lambda: None)
    stopped = False

    def reset(self, seed: int, instruction: str | None = None) -> str:
        """At the left, with room to move."""
        said = super().reset(seed, instruction)
        self._state[1] = -0.25
        return said

    def observe(self, instruction: str, time_s: float) -> Observation:
        seen = super().observe(instruction, time_s)
        state = seen.state.copy()
        state[4], state[5] = 0.0, SCALE * self.ticks
        return self.see(replace(seen, state=state))

    def apply(self, action: np.ndarray) -> None:
        self.ticks += 1
        self.drive()
        super().apply(action)

    def stop(self) -> None:
        self.stopped = True

    def success(self) -> bool:
        return False


@dataclass
class Bench:
    """What a case may reach for."""

    robot: Robot = field(default_factory=Robot)
    clock: Clock = field(default_factory=Clock)
    estop: EStop = field(default_factory=EStop)
    deadlines: Deadlines = DEADLINES
    observer: Observer | None = None
    plan: dict[int, list[Callable[[], object]]] = field(default_factory=dict)
    port: int = 0
    server: subprocess.Popen[str] | None = None
    proxy: Proxy | None = None
    liar: Liar | None = None

    def at(self, tick: int, act: Callable[[], object]) -> None:
        """After that tick."""
        self.plan.setdefault(tick, []).append(act)

    def signal(self, number: int) -> None:
        """To the server's process."""
        assert self.server is not None
        os.kill(self.server.pid, number)

    def kill(self) -> None:
        """As the kernel does."""
        assert self.server is not None
        self.server.kill()
        self.server.wait()

    def restart(self) -> None:
        """On the same port."""
        self.server = start_server(self.port)


@dataclass(frozen=True)
class Case:
    """against: which server; says: what the log, the ticks or the episode's error must hold, a pattern."""

    name: str
    what: str
    against: Literal["server", "proxy", "liar"]
    arrange: Callable[[Bench], None]
    outcome: Outcome
    says: str
    seconds: float = 3.5


def run(case: Case) -> dict[str, Any]:
    """Row of results; `wrong` lists what did not hold, `ok` whether nothing."""
    bench = Bench()
    lines: list[str] = []
    with _listening(lines), _served(case, bench):
        case.arrange(bench)
        port = bench.port if bench.proxy is None else bench.proxy.port
        with Client(f"ws://{HOST}:{port}", timeout_s=TIMEOUT_S, connect_timeout_s=20.0) as client:
            inference = ThreadedInference(client)
            result = _episode(case, bench, inference)
            inference.close()
    said = [*lines, *(t.refused for t in result.ticks if t.refused), result.error or ""]
    heard = next((line for line in said if re.search(case.says, line)), None)
    wrong = [*_broken_promises(result), *_outcome(case, result, bench)]
    wrong += [f"nobody says {case.says!r}: {said[-3:]}"] if heard is None else []
    gaps = _gaps(result)
    return {
        "case": case.name,
        "what": case.what,
        "outcome": case.outcome,
        "ok": not wrong,
        "wrong": wrong,
        "ticks": len(result.ticks),
        "idle_ticks": result.idle_ticks,
        "stopped_ticks": result.stopped_ticks,
        "exhaustions": len(gaps),
        "pace_mm": round(max((gap.pace_m for gap in gaps), default=0.0) * 1e3, 2),
        "ticks_until_braking": max((gap.until_braking for gap in gaps), default=0),
        "ticks_until_rest": max((gap.until_rest for gap in gaps), default=0),
        "late_chunks": result.late_chunks,
        "stale_pictures": result.stale_pictures,
        "said": heard,
        "error": result.error,
    }


def _episode(case: Case, bench: Bench, inference: ThreadedInference) -> EpisodeResult:
    def watch(tick, observe) -> None:
        for act in bench.plan.pop(tick.tick, ()):
            act()

    return rollout(
        bench.robot,
        Episode(0),
        inference=inference,
        strategy=Prefix(10),
        clock=bench.clock,
        limits={**LIMITS, "arm.pose": POSE},
        time_limit_s=case.seconds,
        deadlines=bench.deadlines,
        observer=bench.observer,
        estop=bench.estop,
        watch=watch,
    )


@dataclass(frozen=True)
class Gap:
    """A run of ticks without a plan: how far a tick led before it, after how many the robot brakes, and
    stands."""

    first: int
    pace_m: float
    until_braking: int
    until_rest: int


def _gaps(result: EpisodeResult) -> list[Gap]:
    ticks = result.ticks
    steps = np.zeros(len(ticks))
    if len(ticks) > 1:
        steps[1:] = np.abs(np.diff([t.command[1] for t in ticks]))
    waiting = np.array([t.freshness in ("idle", "stopped") for t in ticks], dtype=bool)
    found, at = [], 0
    while at < len(ticks):
        end = at
        while end < len(ticks) and waiting[end]:
            end += 1
        if end > at > 0:
            inside = steps[at:end]
            slower = inside <= np.maximum(0.0, steps[at - 1] - BRAKE_M * (1 + np.arange(end - at))) + 1e-9
            braking = int(np.argmax(slower)) if slower.any() else end - at
            rest = int(np.argmax(inside <= 1e-12)) if (inside <= 1e-12).any() else end - at
            found.append(Gap(at, float(steps[at - 1]), braking, rest))
        at = max(end, at + 1)
    return found


def _broken_promises(result: EpisodeResult) -> list[str]:
    """What holds in every case: it brakes within 2 ticks, stands soon, and obeys nothing stale."""
    wrong = [
        f"brakes {g.until_braking} ticks after tick {g.first}" for g in _gaps(result) if g.until_braking > 2
    ]
    longest = int(np.ceil(1.5 * PACE_M / BRAKE_M)) + 2
    wrong += [
        f"stands {g.until_rest} ticks after tick {g.first}" for g in _gaps(result) if g.until_rest > longest
    ]
    late = round(DEADLINES.max_lag_s * ROBOT.rate_hz) + 1
    for tick in result.ticks:
        if not np.isfinite(tick.command).all():
            wrong.append(f"tick {tick.tick}: commands {tick.command}")
        if tick.freshness in ("fresh", "prefix"):
            seen, row = origin(tick.command)
            if tick.tick - seen - row > late:
                wrong.append(f"tick {tick.tick}: obeys row {row} of what was seen at tick {seen}")
    return wrong


def _outcome(case: Case, result: EpisodeResult, bench: Bench) -> list[str]:
    wrong = [] if bench.robot.stopped else ["the robot was not stopped at the end"]
    moving = any(t.freshness in ("fresh", "prefix") for t in result.ticks[-45:])
    if case.outcome == "ends":
        return wrong + (["it did not end"] if result.error is None else [])
    wrong += [f"it ended: {result.error}"] if result.error is not None else []
    wrong += [] if moving else ["it does not move again"]
    gaps = [gap for gap in _gaps(result) if gap.first > 5]
    return wrong + (["it never held"] if case.outcome == "recovers" and not gaps else [])


@contextlib.contextmanager
def _served(case: Case, bench: Bench) -> Iterator[None]:
    """Sets the bench's port, and ends what was started."""
    try:
        if case.against == "liar":
            bench.liar = Liar()
            bench.port = bench.liar.port
        else:
            bench.port = free_port()
            bench.server = start_server(bench.port)
        if case.against == "proxy":
            bench.proxy = Proxy(bench.port)
        yield
    finally:
        for thing in (bench.liar, bench.proxy):
            if thing is not None:
                thing.close()
        if bench.server is not None:
            with contextlib.suppress(ProcessLookupError):
                bench.signal(signal.SIGCONT)
            bench.kill()


def start_server(port: int) -> subprocess.Popen[str]:
    """The real one, in a process of its own; the caller's clients wait for it."""
    here = Path(__file__).resolve().parents[1]
    path = os.pathsep.join([str(here), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-m", "faults.marching", str(port)],
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def free_port() -> int:
    with socket.create_server((HOST, 0)) as bound:
        return bound.getsockname()[1]


@contextlib.contextmanager
def _listening(lines: list[str]) -> Iterator[None]:
    """What the body logs meanwhile."""
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    root = logging.getLogger("xr0_robot")
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def impatient(bench: Bench) -> None:
    """The episode ends soon after the policy is gone."""
    bench.deadlines = replace(bench.deadlines, patience_s=2.0)


def wait(seconds: float) -> None:
    """In the robot's own thread."""
    time.sleep(seconds)
