"""One control tick: fetch what was thought, decide whether to think, send the command that is due."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from xr0_robot.executor.chunks import ChunkQueue
from xr0_robot.executor.inference import Inference, Reply, Request
from xr0_robot.executor.latency import DelayEstimator
from xr0_robot.executor.safety import Safety
from xr0_robot.executor.strategy import Strategy
from xr0_robot.types import Observation

RETRY_S = 0.5
"""Pause between two attempts to reach a server that has vanished."""
PATIENCE_S = 5.0
"""Without an answer for this long the episode ends: the robot has stood still for most of it."""

Freshness = Literal["fresh", "prefix", "idle", "touch"]
"""fresh: as planned; prefix: as promised to the inference under way; idle: nothing to do, holding; touch:
from the fingertips instead of the plan."""

log = logging.getLogger(__name__)


class InferenceFailed(RuntimeError):  # noqa: N818 (what has happened, not what is wrong with the code)
    """The policy answers no more, refuses, or answers with what this robot cannot execute. One line."""


def one_line(error: Exception) -> str:
    """Type and message: a KeyError's message alone is only the key."""
    return " ".join(f"{type(error).__name__}: {error}".split())


@dataclass(frozen=True)
class Tick:
    """What was done in one control tick.

    chunk: serial number of the chunk obeyed, -1 while idle; latency_s: how long the newest chunk took, None
    before the first; clamped: which limits changed the command; refused: why a hold was sent instead of it.
    """

    tick: int
    command: np.ndarray
    chunk: int
    freshness: Freshness
    latency_s: float | None
    clamped: tuple[str, ...] = ()
    refused: str | None = None


class Adjustment(Protocol):
    """A correction of the plan that the policy is not to know of: it goes on planning without it."""

    def sent(self, command: np.ndarray) -> np.ndarray:
        """What to send [native_dim] for the plan's `command`."""
        ...

    def seen(self, state: np.ndarray) -> np.ndarray:
        """Inverse to `sent`: a state or a sent command [native_dim], as if the plan were not corrected."""
        ...


class Executor:
    """Turns chunks that come when they come into one safe command per control tick, for one episode.

    The plan's time stands still while the robot does: a chunk is joined at the number of commands truly
    executed since its observation. So after a standstill comes its first row, and nothing is skipped.

    Another author may take the robot with `obey`; the plan is void then, by epoch: an inference that started
    in an earlier one may finish when it likes, and is never executed.
    """

    def __init__(
        self, inference: Inference, strategy: Strategy, safety: Safety, state: np.ndarray, seed: int
    ) -> None:
        """Begin an episode standing at `state` [native_dim]; what was under way before is never executed."""
        inference.cancel()
        safety.reset(state)
        self._inference = inference
        self._strategy = strategy
        self._safety = safety
        self._embodiment = inference.policy.embodiment
        self._max_prefix = inference.policy.max_prefix
        self._seed = seed
        self.queue = ChunkQueue()
        self.delay = DelayEstimator(inference.policy.action_horizon)
        self.latencies_s: list[float] = []
        self.adjustment: Adjustment | None = None
        """Of every command of the plan, before the safety limits; None leaves it as it is."""
        self._tick = 0
        self._epoch = 0
        self._asked_epoch = 0
        self._requests = 0
        self._started_tick = 0
        self._promised_until = 0
        self._idle_ticks = 0
        self._idle_at_start = 0
        self._holding = False
        self._warned = False
        self._unanswered_since_s: float | None = None
        self._retry_at_s = -np.inf
        self._trouble: ConnectionError | None = None

    def tick(self, now_s: float, observe: Callable[[], Observation]) -> Tick:
        """The command for this tick; `observe` is called only if an inference starts.

        Raises InferenceFailed after PATIENCE_S without an answer, for a request that the policy refused, or
        for a chunk that does not fit the robot: the episode is over, and the caller has the ticks so far.
        """
        if self._inference.busy and self._unanswered_since_s is None:
            self._unanswered_since_s = now_s  # a void inference is under way: waiting for it counts anew
        with self._failures(now_s):
            self._receive(now_s)
        remaining = self.queue.remaining(self._tick)
        since_start = self._tick - self._started_tick
        due = self._strategy.due(since_start, remaining, self.delay.ticks())
        if due and not self._inference.busy and now_s >= self._retry_at_s:
            observation = observe()
            with self._failures(now_s):
                self._start(now_s, observation)
                self._receive(now_s)
        done = self._command()
        self._tick += 1
        return done

    def obey(self, action: np.ndarray) -> Tick:
        """Send `action` [native_dim] for this tick, within the limits, instead of the plan, which is void
        now.

        What was observed before the last `obey` is never executed: the next `tick` asks with a fresh
        observation, and holds until that is answered.
        """
        self._epoch += 1
        self.queue.clear()
        self._promised_until = 0
        self._unanswered_since_s = None
        self._holding = False
        verdict = self._safety.check(action)
        done = self._done(verdict.command, -1, "touch", verdict.clamped, verdict.refused)
        self._tick += 1
        return done

    @property
    def dt(self) -> float:
        """Seconds per tick."""
        return self._embodiment.dt

    def held(self) -> np.ndarray:
        """The last command sent [native_dim]: to repeat it is to stand still."""
        return self._safety.hold()

    def _start(self, now_s: float, observation: Observation) -> None:
        delay = self.delay.ticks()
        count = self._strategy.committed(delay, self._max_prefix)
        if count < self._strategy.committed(delay, delay) and not self._warned:
            log.warning(
                "inference takes %d ticks, the policy knows prefixes up to %d: seams may show", delay, count
            )
            self._warned = True
        prefix = self._promised(count)
        seed = int(np.random.SeedSequence([self._seed, self._requests]).generate_state(1)[0])
        self._requests += 1
        self._started_tick = self._tick
        self._asked_epoch = self._epoch
        self._idle_at_start = self._idle_ticks
        self._promised_until = self._tick + len(prefix)
        if self._unanswered_since_s is None:
            self._unanswered_since_s = now_s
        request = Request(observation, prefix if len(prefix) else None, seed, self._tick)
        self._inference.start(request, now_s)

    def _promised(self, count: int) -> np.ndarray:
        """The next commands [n <= count, native_dim] as they will be sent, in the plan's own coordinates.

        The adjustment is taken to stay as it is now; where no limit interferes, that makes no difference.
        """
        planned = self.queue.prefix(self._tick, count)
        adjustment = self.adjustment
        if adjustment is None or len(planned) == 0:
            return self._safety.preview(planned)
        sent = self._safety.preview(np.stack([adjustment.sent(row) for row in planned]))
        return np.stack([adjustment.seen(row) for row in sent])

    def _receive(self, now_s: float) -> None:
        reply = self._inference.poll(now_s)
        if reply is not None and self._asked_epoch == self._epoch:
            self._merge(reply)
        elif reply is not None:
            self._unanswered_since_s = None
        elif self._unanswered_since_s is not None and now_s - self._unanswered_since_s > PATIENCE_S:
            reason = f" ({self._trouble})" if self._trouble else ""
            raise InferenceFailed(f"no answer from the policy for {PATIENCE_S:g} s{reason}: the robot holds")

    @contextmanager
    def _failures(self, now_s: float) -> Iterator[None]:
        """A policy that is out of reach is tried again, every other failure ends the episode in one line."""
        try:
            yield
        except ConnectionError as error:
            self._lose(now_s, error)
        except (ValueError, RuntimeError) as error:
            raise InferenceFailed(str(error)) from error
        except Exception as error:  # a policy is foreign code: whatever it raises, the robot must be stopped
            log.exception("the policy failed in a way that it does not announce")
            raise InferenceFailed(f"policy: {one_line(error)}") from error

    def _lose(self, now_s: float, error: ConnectionError) -> None:
        """The plan goes on until it ends, then the robot holds; meanwhile the server is asked again."""
        if self._trouble is None:
            log.warning("the policy is out of reach, trying again for %g s: %s", PATIENCE_S, error)
        self._trouble = error
        self._retry_at_s = now_s + RETRY_S
        self._promised_until = 0

    def _merge(self, reply: Reply) -> None:
        actions = self._checked(reply)
        held = self._idle_ticks - self._idle_at_start
        self.queue.merge(actions[: self._strategy.rows(len(actions))], reply.request.tick + held, self._tick)
        self.delay.add(self._tick - reply.request.tick)
        self.latencies_s.append(reply.latency_s)
        self._promised_until = 0
        self._unanswered_since_s = None
        self._trouble = None

    def _checked(self, reply: Reply) -> np.ndarray:
        actions, robot = reply.chunk.actions, self._embodiment
        if actions.shape[1] != robot.native_dim:
            raise InferenceFailed(
                f"chunk: got {actions.shape[1]} numbers per row, {robot.name} takes {robot.native_dim}"
            )
        if abs(reply.chunk.dt - robot.dt) > 1e-6:
            raise InferenceFailed(
                f"chunk: got a row per {reply.chunk.dt} s, {robot.name} takes one per {robot.dt:.6f} s"
            )
        return actions

    def _command(self) -> Tick:
        action = self.queue.at(self._tick)
        if action is None:
            return self._hold(None)
        if self.adjustment is not None:
            action = self.adjustment.sent(action)
        verdict = self._safety.check(action)
        if verdict.refused is not None:
            return self._hold(verdict.refused)
        self._holding = False
        freshness: Freshness = "prefix" if self._tick < self._promised_until else "fresh"
        return self._done(verdict.command, self.queue.chunk, freshness, clamped=verdict.clamped)

    def _hold(self, refused: str | None) -> Tick:
        if refused is not None:
            log.warning("tick %d: refused, holding: %s", self._tick, refused)
        elif not self._holding:
            log.info("tick %d: no fresh action is left, holding", self._tick)
        self._holding = True
        self._idle_ticks += 1
        return self._done(self._safety.hold(), -1, "idle", refused=refused)

    def _done(
        self,
        command: np.ndarray,
        chunk: int,
        freshness: Freshness,
        clamped: tuple[str, ...] = (),
        refused: str | None = None,
    ) -> Tick:
        latency_s = self.latencies_s[-1] if self.latencies_s else None
        return Tick(self._tick, command, chunk, freshness, latency_s, clamped, refused)
