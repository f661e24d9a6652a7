"""Two ways for an inference to take time: in a thread beside the control loop, or on a virtual clock."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np

from xr0_robot.deadlines import Urgency
from xr0_robot.executor.jitter import STEADY, Jitter
from xr0_robot.types import Chunk, Embodiment, Guidance, Guide, Observation

ROUNDING_S = 1e-9
"""A reply due at the very tick must not miss it by a rounding of the sum start + latency."""


@runtime_checkable
class Policy(Protocol):
    """Anything that answers an observation with a chunk; `xr0_robot.client.Client` is one.

    Actions are native commands; row 0 belongs to the tick of the observation. `infer` raises
    ConnectionError when the server is out of reach, and may then be called again; ValueError or RuntimeError,
    in one line, where asking again would not help. It may be called while an earlier call, whose answer
    nobody waits for any more, has not returned: a policy that cannot do both takes them in turn.
    """

    embodiment: Embodiment
    action_horizon: int
    max_prefix: int

    def infer(self, observation: Observation, prefix: np.ndarray | None, seed: int | None) -> Chunk:
        """prefix: [n <= max_prefix, native_dim], the commands that run meanwhile, from the observation on."""
        ...


@runtime_checkable
class GuidedPolicy(Protocol):
    """A policy whose sampling can be led along the plan in hand, in the ways of `guidance`."""

    guidance: tuple[Guidance, ...]

    def infer_guided(self, observation: Observation, guide: Guide, seed: int | None) -> Chunk:
        """As `Policy.infer`, with a guide instead of a prefix."""
        ...


@runtime_checkable
class CorrectingPolicy(Protocol):
    """A policy with a correction head, which the control loop runs in every tick, while `infer` may run in a
    thread beside it."""

    def correct(self, observation: Observation, chunk: Chunk, row: int, command: np.ndarray) -> np.ndarray:
        """What to send [native_dim] by an observation of now, instead of the `command` that is planned for
        it: row `row` of `chunk`, or what a method made of it."""
        ...


@runtime_checkable
class SharedPolicy(Protocol):
    """A policy that serves many robots, the most urgent first: its `infer` and `infer_guided` also take an
    `urgency`."""

    takes_urgency: bool


@dataclass(frozen=True)
class Request:
    """What the policy is asked, and the control tick it was asked at.

    ahead: row 0 of the answer belongs to this many ticks after the observation; urgency: by the wall clock.
    """

    observation: Observation
    prefix: np.ndarray | None
    seed: int
    tick: int
    guide: Guide | None = None
    ahead: int = 0
    urgency: Urgency | None = None

    @property
    def told(self) -> int:
        """How many of the answer's first rows the policy is told."""
        prefix = 0 if self.prefix is None else len(self.prefix)
        return prefix if self.guide is None else self.guide.delay

    def answer(self, policy: Policy) -> Chunk:
        """Ask; the prefix is what was committed, neither more nor less."""
        told: dict[str, Any] = {"urgency": self.urgency} if isinstance(policy, SharedPolicy) else {}
        if self.guide is None:
            return policy.infer(self.observation, self.prefix, self.seed, **told)
        if not isinstance(policy, GuidedPolicy):
            raise ValueError("policy: takes no guide, got one")
        return policy.infer_guided(self.observation, self.guide, self.seed, **told)


@dataclass(frozen=True)
class Reply:
    """A chunk, what it answers, and how long that took."""

    request: Request
    chunk: Chunk
    latency_s: float


class Inference(Protocol):
    """One inference at a time; neither `start` nor `poll` waits for it."""

    policy: Policy

    @property
    def busy(self) -> bool:
        """Whether a request is under way."""
        ...

    def start(self, request: Request, now_s: float) -> None:
        """Begin; RuntimeError while busy. Here or in `poll`, what the policy raises is raised again."""
        ...

    def poll(self, now_s: float) -> Reply | None:
        """The reply, once; None until it is there."""
        ...

    def cancel(self) -> None:
        """Forget the request under way, without waiting for it: its reply never comes."""
        ...

    def close(self) -> None:
        """Start nothing more."""
        ...


class ThreadedInference:
    """The policy in a thread of its own: the control loop keeps its rate, whatever inference takes."""

    def __init__(self, policy: Policy, added_latency_s: float = 0.0) -> None:
        _check_latency(added_latency_s)
        self.policy = policy
        self._added_latency_s = added_latency_s
        self._thread = _one_thread()
        self._future: Future[Reply] | None = None

    @property
    def busy(self) -> bool:
        """Whether a request is under way, or its reply not fetched yet."""
        return self._future is not None

    def start(self, request: Request, now_s: float) -> None:
        """Hand over to the thread."""
        if self._future is not None:
            raise RuntimeError("inference: a request is under way")
        self._future = self._thread.submit(self._infer, request)

    def poll(self, now_s: float) -> Reply | None:
        """The reply, once the thread is done."""
        if self._future is None or not self._future.done():
            return None
        future, self._future = self._future, None
        return future.result()

    def cancel(self) -> None:
        """Leave a thread that is not done to itself: a request that hangs must not delay the next episode."""
        if self._future is not None and not self._future.done():
            self._thread.shutdown(wait=False)
            self._thread = _one_thread()
        self._future = None

    def close(self) -> None:
        """Let the thread end; closing the policy's connection ends an `infer` that hangs."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _infer(self, request: Request) -> Reply:
        start_s = time.monotonic()
        chunk = request.answer(self.policy)
        time.sleep(self._added_latency_s)
        return Reply(request, chunk, time.monotonic() - start_s)


class VirtualInference:
    """The reply comes exactly `latency_s` after the request, by a virtual clock; 0 freezes the world.

    It is computed at once, from the world as it was, and kept until it is due; nothing is urgent, for the
    world waits. jitter: what a request's own latency is longer or shorter by.
    """

    def __init__(self, policy: Policy, latency_s: float, jitter: Jitter = STEADY) -> None:
        _check_latency(latency_s)
        self.policy = policy
        self._latency_s = latency_s
        self._jitter = jitter
        self._pending: tuple[Reply, float] | None = None

    @property
    def busy(self) -> bool:
        """Whether a reply is due."""
        return self._pending is not None

    def latency_s(self, seed: int) -> float:
        """How long the reply to the request with this seed takes."""
        return self._latency_s * self._jitter.factor(seed)

    def start(self, request: Request, now_s: float) -> None:
        """Compute the reply, note when it is due."""
        if self._pending is not None:
            raise RuntimeError("inference: a request is under way")
        latency_s = self.latency_s(request.seed)
        chunk = replace(request, urgency=None).answer(self.policy)
        self._pending = (Reply(request, chunk, latency_s), now_s + latency_s)

    def poll(self, now_s: float) -> Reply | None:
        """The reply, once the clock has reached it."""
        if self._pending is None or now_s < self._pending[1] - ROUNDING_S:
            return None
        (reply, _), self._pending = self._pending, None
        return reply

    def cancel(self) -> None:
        """Drop the reply that is due."""
        self._pending = None

    def close(self) -> None:
        """Nothing to end."""


def _one_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="xr0-inference")


def _check_latency(latency_s: float) -> None:
    if not 0.0 <= latency_s < float("inf"):
        raise ValueError(f"latency: got {latency_s} s, expected a finite number >= 0")
