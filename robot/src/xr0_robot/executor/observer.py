"""Who is told, as it happens, what the executor is given and what it decides: a flight recorder, mostly.

What is told is enough to compute every command anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from xr0_robot.deadlines import Deadlines
from xr0_robot.executor.inference import Inference, Policy, Reply, Request
from xr0_robot.executor.latency import Delay
from xr0_robot.executor.outlet import Adjustment
from xr0_robot.executor.strategy import Correct, Strategy
from xr0_robot.limits import Limits
from xr0_robot.types import Chunk, Embodiment, Observation

Event = Literal[
    "adjustment",
    "late",
    "tick",
    "obey",
    "stop",
    "observation",
    "request",
    "reply",
    "failure",
    "joined",
    "dropped",
    "adjusted",
    "corrected",
    "done",
    "end",
]
"""In the order of a tick. Given to the executor: that there is an adjustment from now on, or none; how late
the tick is, that it begins, or what another author commands in it; that the e-stop is pressed; an
observation; a reply, or what was raised instead; numbers as the adjustment changes them, a command as the
policy corrects it. Decided by it: the request, the row at which a chunk takes over, what is dropped and why,
the `Tick` that is done."""


@dataclass(frozen=True)
class Setup:
    """What an executor is made of; of its inference, what the policy says of itself.

    state: float64 [state_dim], where the episode begins.
    """

    embodiment: Embodiment
    limits: Limits
    deadlines: Deadlines
    strategy: Strategy
    delay: Delay
    seed: int
    state: np.ndarray
    action_horizon: int
    max_prefix: int

    @staticmethod
    def of(
        policy: Policy,
        limits: Limits,
        deadlines: Deadlines,
        strategy: Strategy,
        delay: Delay,
        seed: int,
        state: np.ndarray,
    ) -> Setup:
        """With what `policy` says of itself."""
        own = (policy.embodiment, limits, deadlines, strategy, delay, seed, state)
        return Setup(*own, policy.action_horizon, policy.max_prefix)


class Observer(Protocol):
    """Called by the thread of the control loop: it must neither wait nor raise."""

    def begin(self, setup: Setup, executor: object) -> None:
        """An episode; `executor` may be looked at when a tick begins ("tick", "obey"), and never changed."""
        ...

    def note(self, event: Event, **values: Any) -> None:
        """What happens: numbers, text, arrays and this package's dataclasses, to be copied at once."""
        ...


class Unobserved:
    """Nobody listens."""

    def begin(self, setup: Setup, executor: object) -> None:
        """Not heard."""

    def note(self, event: Event, **values: Any) -> None:
        """Not heard."""


class ObservedInference:
    """An inference whose requests, replies and failures are noted."""

    def __init__(self, inference: Inference, note: Callable[..., None]) -> None:
        self.policy: Policy = inference.policy
        self._inference = inference
        self._note = note

    @property
    def busy(self) -> bool:
        """Whether a request is under way."""
        return self._inference.busy

    def start(self, request: Request, now_s: float) -> None:
        """Begin."""
        self._note("request", request=request)
        try:
            self._inference.start(request, now_s)
        except Exception as error:
            self._note("failure", error=error)
            raise

    def poll(self, now_s: float) -> Reply | None:
        """The reply, once."""
        try:
            reply = self._inference.poll(now_s)
        except Exception as error:
            self._note("failure", error=error)
            raise
        if reply is not None:
            self._note("reply", chunk=reply.chunk, latency_s=reply.latency_s)
        return reply

    def cancel(self) -> None:
        """Forget the request under way."""
        self._inference.cancel()

    def close(self) -> None:
        """Start nothing more."""
        self._inference.close()


class ObservedAdjustment:
    """An adjustment whose results are noted."""

    def __init__(self, adjustment: Adjustment, note: Callable[..., None]) -> None:
        self._adjustment = adjustment
        self._note = note

    def sent(self, command: np.ndarray) -> np.ndarray:
        """What to send."""
        return self._noted(self._adjustment.sent(command))

    def seen(self, state: np.ndarray) -> np.ndarray:
        """As if nothing were adjusted."""
        return self._noted(self._adjustment.seen(state))

    def _noted(self, result: np.ndarray) -> np.ndarray:
        self._note("adjusted", result=result)
        return result


def observed(correct: Correct | None, note: Callable[..., None]) -> Correct | None:
    """A correction whose results and failures are noted."""
    if correct is None:
        return None

    def noted(observation: Observation, chunk: Chunk, row: int, command: np.ndarray) -> np.ndarray:
        try:
            corrected = correct(observation, chunk, row, command)
        except Exception as error:
            note("failure", error=error)
            raise
        note("corrected", command=corrected)
        return corrected

    return noted
