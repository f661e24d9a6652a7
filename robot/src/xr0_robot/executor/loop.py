"""One control tick: fetch what was thought, decide whether to think, send the command that is due."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from xr0_robot.deadlines import Deadlines
from xr0_robot.executor.chunks import ChunkQueue
from xr0_robot.executor.estop import EStop
from xr0_robot.executor.freshness import unusable
from xr0_robot.executor.inference import Inference, Reply, Request
from xr0_robot.executor.latency import Delay, Quantile
from xr0_robot.executor.observer import (
    ObservedAdjustment,
    ObservedInference,
    Observer,
    Setup,
    Unobserved,
    observed,
)
from xr0_robot.executor.safety import Safety
from xr0_robot.executor.silence import Silence
from xr0_robot.executor.strategy import Handover, Moment, Planned, Strategy
from xr0_robot.types import Chunk, Observation

Freshness = Literal["fresh", "prefix", "idle", "touch", "stopped"]
"""fresh: as planned; prefix: as promised to the inference under way; idle: nothing to do, holding; touch:
from the fingertips instead of the plan; stopped: by the e-stop."""

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


@dataclass(frozen=True)
class _Asked:
    """How things stood when the newest request was made."""

    tick: int = 0
    epoch: int = 0
    idle_ticks: int = 0


class Executor:
    """Turns chunks that come when they come into one safe command per control tick, for one episode.

    The plan's time stands still while the robot does: a chunk is joined at the number of commands truly
    executed since its observation. So after a standstill comes its first row, and nothing is skipped; but
    what has been overtaken by more than `Deadlines.max_lag_s` is dropped and asked for anew.

    Another author may take the robot with `obey`; the plan is void then, by epoch: an inference that started
    in an earlier one may finish when it likes, and is never executed. So does the e-stop; what was seen
    before it was released does not count either.
    """

    def __init__(
        self,
        inference: Inference,
        strategy: Strategy,
        safety: Safety,
        state: np.ndarray,
        seed: int,
        deadlines: Deadlines | None = None,
        delay: Delay | None = None,
        observer: Observer | None = None,
        estop: EStop | None = None,
    ) -> None:
        """Begin an episode standing at `state` [state_dim]; what was under way before is never executed.

        deadlines, delay: their defaults where None, the delay as a `Quantile` of what was measured; observer:
        is told all that is given and decided; estop: wins over everything. ValueError, one line, where the
        strategy does not fit the policy or its robot.
        """
        inference.cancel()
        strategy.check(inference.policy)
        safety.reset(state)
        observer = observer or Unobserved()
        self._note = observer.note
        self._inference = ObservedInference(inference, observer.note)
        self._strategy = strategy
        self._safety = safety
        self._embodiment = inference.policy.embodiment
        self._correct = observed(strategy.correction(inference.policy), observer.note)
        self._seed = seed
        self._deadlines = deadlines or Deadlines()
        self._silence = Silence(self._deadlines)
        self._estop = estop or EStop()
        self._stopped: str | None = None  # in this tick, and why
        self._released_s = -float("inf")
        self.queue = ChunkQueue()
        self._delay = delay or Quantile()
        self._delays: list[int] = []  # of this episode's chunks so far, in ticks
        self._expected: int | None = None  # the next one, once it was worked out
        self.latencies_s: list[float] = []
        self.late_chunks = 0
        """Plans that were dropped because their time had gone."""
        self.stale_pictures = 0
        """Observations that were too old to ask about."""
        self._adjustment: Adjustment | None = None
        self._tick = 0
        self._epoch = 0
        self._asked = _Asked()
        self._chunk: Chunk | None = None  # as the policy gave it
        self._seen: Observation | None = None  # in this tick, for a correction
        self._requests = 0
        self._promised_until = 0
        self._plan_start_s = 0.0  # when tick 0 would have been due, had the plan never waited
        self._idle_ticks = 0
        self._dropped: str | None = None  # in this tick, and why
        self._held_ticks = 0  # in a row
        self._clamped: tuple[str, ...] = ()
        self._warned = False
        own = (safety.limits, self._deadlines, strategy, self._delay, seed, state)
        observer.begin(Setup.of(inference.policy, *own), self)

    def tick(self, now_s: float, observe: Callable[[], Observation]) -> Tick:
        """The command for this tick; `observe` is called only if an inference starts, or where a method
        corrects every command.

        Raises InferenceFailed after `Deadlines.patience_s` without a usable answer, for a request that the
        policy refused, or for a chunk that does not fit the robot: the episode is over, and the caller has
        the ticks so far.
        """
        self.think(now_s, observe)
        return self.act(now_s)

    def think(self, now_s: float, observe: Callable[[], Observation]) -> None:
        """The first half of `tick`: take in what has come, and ask if it is time to.

        Between the halves the requests of many robots can be answered together.
        """
        self._note("tick", tick=self._tick, now_s=now_s)
        self._dropped = None
        if self._stops(now_s):
            return
        if self._inference.busy:
            self._silence.begin(now_s)  # where a void inference is under way, waiting for it counts anew
        with self._failures(now_s):
            self._receive(now_s)
        self._drop_outdated(now_s)
        self._seen = None if self._correct is None else self._look(observe)
        if not self._inference.busy and self._silence.reached(now_s) and self._due():
            self._ask(now_s, self._seen or self._look(observe))

    def act(self, now_s: float) -> Tick:
        """The second half: take in what was answered at once, and say what to send."""
        if self._stopped is not None:
            return self._stand(self._stopped)
        if self._asked.tick == self._tick:
            with self._failures(now_s):
                self._receive(now_s)
        self._drop_outdated(now_s)  # the policy may have been lost just now
        done = self._command(now_s)
        self._tick += 1
        return done

    def obey(self, action: np.ndarray) -> Tick:
        """Send `action` [native_dim] for this tick, within the limits, instead of the plan, which is void
        now.

        What was observed before the last `obey` is never executed: the next `tick` asks with a fresh
        observation, and holds until that is answered. While the e-stop is pressed it is not obeyed.
        """
        self._note("obey", tick=self._tick, action=action)
        self._void()
        why = self._pressed()
        if why is not None:
            self._stopped = why
            return self._stand(why)
        verdict = self._safety.check(action)
        done = self._done(verdict.command, -1, "touch", verdict.clamped, verdict.refused)
        self._tick += 1
        return done

    def _stops(self, now_s: float) -> bool:
        """Whether the e-stop is pressed; what was planned until then is void."""
        was, self._stopped = self._stopped, self._pressed()
        if self._stopped is not None:
            self._void()
        elif was is not None:
            self._released_s = now_s
        return self._stopped is not None

    def _pressed(self) -> str | None:
        why = self._estop.poll()
        if why is not None:
            self._note("stop", why=why)
        return why

    def _stand(self, why: str) -> Tick:
        done = self._done(self._safety.rest(), -1, "stopped", refused=f"e-stop: {why}")
        self._tick += 1
        return done

    def _void(self) -> None:
        """Nothing that was planned or asked until now will be executed."""
        self._epoch += 1
        self.queue.clear()
        self._promised_until = 0
        self._silence.end()
        self._held_ticks = 0

    @property
    def adjustment(self) -> Adjustment | None:
        """Of every command of the plan, before the safety limits; None leaves it as it is."""
        return self._adjustment

    @adjustment.setter
    def adjustment(self, adjustment: Adjustment | None) -> None:
        self._note("adjustment", on=adjustment is not None)
        self._adjustment = None if adjustment is None else ObservedAdjustment(adjustment, self._note)

    @property
    def dt(self) -> float:
        """Seconds per tick."""
        return self._embodiment.dt

    def held(self) -> np.ndarray:
        """The last command sent [native_dim]: to repeat it is to stand still."""
        return self._safety.hold()

    @property
    def trouble(self) -> str | None:
        """Why nothing usable comes from the policy, in one line; None while it does, or is only slow."""
        return self._silence.reason

    def _look(self, observe: Callable[[], Observation]) -> Observation:
        observation = observe()
        self._note("observation", observation=observation)
        return observation

    def _ask(self, now_s: float, observation: Observation) -> None:
        why = unusable(observation, now_s, self._deadlines, self._released_s)
        if why is not None:
            self.stale_pictures += 1
            self._silence.lose(now_s, self._drop(why), pause_s=0.0)
            return
        with self._failures(now_s):
            self._start(now_s, observation)

    def _start(self, now_s: float, observation: Observation) -> None:
        delay, policy = self._expected_delay(), self._inference.policy
        rows = (policy.action_horizon, policy.max_prefix)
        moment = Moment(observation, self._planned(delay), delay, *rows, self._embodiment)
        asked = self._strategy.ask(moment)
        if asked.untold and not self._warned:
            told = delay - asked.untold
            log.warning(
                "inference takes %d ticks, the policy knows prefixes up to %d: seams may show", delay, told
            )
            self._warned = True
        seed = self._next_seed()
        self._requests += 1
        self._expected = None
        self._asked = _Asked(self._tick, self._epoch, self._idle_ticks)
        self._promised_until = self._tick + asked.promised
        self._silence.begin(now_s)
        request = Request(asked.observation, asked.prefix, seed, self._tick, asked.guide, asked.ahead)
        self._inference.start(request, now_s)

    def _due(self) -> bool:
        since, remaining = self._tick - self._asked.tick, self.queue.remaining(self._tick)
        return self._strategy.due(since, remaining, self._expected_delay())

    def _expected_delay(self) -> int:
        """Of the next inference, in ticks; no more than a chunk has rows."""
        if self._expected is None:
            ticks = self._delay.ticks(self._delays, self._next_seed())
            self._expected = min(ticks, self._inference.policy.action_horizon)
        return self._expected

    def _next_seed(self) -> int:
        """The next request's own."""
        return int(np.random.SeedSequence([self._seed, self._requests]).generate_state(1)[0])

    def _planned(self, checked: int) -> Planned:
        """The plan as it is now, in its own coordinates; its next `checked` commands as they will be sent.

        The adjustment is taken to stay as it is now; where no limit interferes, that makes no difference.
        """
        plan = self.queue.prefix(self._tick, self.queue.remaining(self._tick))
        plan = plan.reshape(-1, self._embodiment.native_dim)

        def planned(count: int) -> np.ndarray:
            soon, later = plan[: min(count, checked)], plan[min(count, checked) : count]
            return np.concatenate([self._as_sent(soon), later])

        return planned

    def _as_sent(self, rows: np.ndarray) -> np.ndarray:
        adjustment = self.adjustment
        if adjustment is None or len(rows) == 0:
            return self._safety.preview(rows)
        sent = self._safety.preview(np.stack([adjustment.sent(row) for row in rows]))
        return np.stack([adjustment.seen(row) for row in sent])

    def _receive(self, now_s: float) -> None:
        reply = self._inference.poll(now_s)
        if reply is not None and self._asked.epoch == self._epoch:
            self._merge(now_s, reply)
        elif reply is not None:
            self._note("dropped", why="another author has taken over since its observation")
            self._silence.end()
        if self._silence.over(now_s):
            reason = f" ({self.trouble})" if self.trouble else ""
            raise InferenceFailed(
                f"no usable answer from the policy for {self._deadlines.patience_s:g} s{reason}: "
                "the robot holds"
            )

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
        self._silence.lose(now_s, str(error), self._deadlines.retry_s)
        self._promised_until = 0

    def _drop_outdated(self, now_s: float) -> None:
        """A plan that the loop has stood still over, or that was to be followed for a while only."""
        if self.queue.remaining(self._tick) == 0:
            return
        late = self._late(now_s, self._plan_start_s)
        if late or self._silence.coasted(now_s):
            self._promised_until = 0
            self.queue.clear()

    def _late(self, now_s: float, plan_start_s: float) -> bool:
        """Whether a plan's command for this tick comes too late; said and counted."""
        lag_s, limit_s = now_s - (plan_start_s + self._tick * self.dt), self._deadlines.max_lag_s
        if lag_s <= limit_s:
            return False
        self.late_chunks += 1
        self._silence.blame(self._drop(f"the plan is {lag_s:.2f} s late, at most {limit_s:g} s"))
        return True

    def _drop(self, why: str) -> str:
        self._dropped = why
        self._note("dropped", why=why)
        return why

    def _merge(self, now_s: float, reply: Reply) -> None:
        actions = self._checked(reply)
        started = reply.request.tick + self._idle_ticks - self._asked.idle_ticks
        plan_start_s = reply.request.observation.time_s - started * self.dt
        if self._late(now_s, plan_start_s):
            return
        if self._join(actions[: self._strategy.rows(len(actions))], started + reply.request.ahead):
            self._plan_start_s, self._chunk = plan_start_s, reply.chunk
        self._delays.append(self._tick - reply.request.tick)
        self._expected = None
        self.latencies_s.append(reply.latency_s)
        self._promised_until = 0
        self._silence.end()

    def _join(self, actions: np.ndarray, first_tick: int) -> bool:
        """Hand the plan over to a chunk whose row 0 is for `first_tick`; False where it comes too late."""
        planned = self._planned(checked=1)
        bridge = self.queue.prefix(self._tick, max(0, first_tick - self._tick))
        if len(bridge) > 0:  # the plan in hand goes on until the chunk begins
            actions = np.concatenate([bridge, actions])
        row = self.queue.merge(actions, min(first_tick, self._tick), self._tick)
        if row is None:
            self._note("dropped", why="its last row has gone by, or a later observation's plan is here")
            return False
        self._note("joined", chunk=self.queue.chunk, row=row)
        fresh = self.queue.prefix(self._tick, self.queue.remaining(self._tick))
        still = self.held() if self.adjustment is None else self.adjustment.seen(self.held())
        handover = Handover(fresh, planned, self.queue.older(self._tick), still, self._embodiment)
        self.queue.revise(self._tick, self._strategy.join(handover))
        return True

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

    def _command(self, now_s: float) -> Tick:
        action = self.queue.at(self._tick)
        if action is None:
            return self._hold(self._safety.rest(), self._dropped)
        action = self._corrected(now_s, action)
        if self.adjustment is not None:
            action = self.adjustment.sent(action)
        verdict = self._safety.check(action)
        if verdict.refused is not None:
            return self._hold(verdict.command, verdict.refused)
        self._held_ticks = 0
        freshness: Freshness = "prefix" if self._tick < self._promised_until else "fresh"
        return self._done(verdict.command, self.queue.chunk, freshness, clamped=verdict.clamped)

    def _corrected(self, now_s: float, action: np.ndarray) -> np.ndarray:
        """By what is seen now; as planned where nothing corrects, or that is too old to act on."""
        seen, chunk = self._seen, self._chunk
        if self._correct is None or seen is None or chunk is None:
            return action
        if unusable(seen, now_s, self._deadlines, self._released_s) is not None:
            return action
        with self._failures(now_s):
            return self._correct(seen, chunk, self.queue.row(self._tick), action)
        return action

    def _hold(self, command: np.ndarray, refused: str | None) -> Tick:
        """Brought to rest from this very tick on, and kept there."""
        if refused is not None and refused != self._dropped:  # what was dropped is logged already
            log.warning("tick %d: refused, holding: %s", self._tick, refused)
        elif self._held_ticks == 0:
            log.info("tick %d: no fresh action is left, holding", self._tick)
        self._held_ticks += 1
        self._idle_ticks += 1
        if self.queue.chunk >= 0 and self._held_ticks * self.dt > self._deadlines.latch_s:
            reason = f": {self.trouble}" if self.trouble else ""
            self._estop.press(f"nothing to execute for {self._deadlines.latch_s:g} s{reason}")
        return self._done(command, -1, "idle", refused=refused)

    def _done(
        self,
        command: np.ndarray,
        chunk: int,
        freshness: Freshness,
        clamped: tuple[str, ...] = (),
        refused: str | None = None,
    ) -> Tick:
        if clamped and clamped != self._clamped:
            log.info("tick %d: clamped by the limits: %s", self._tick, ", ".join(clamped))
        self._clamped = clamped
        latency_s = self.latencies_s[-1] if self.latencies_s else None
        done = Tick(self._tick, command, chunk, freshness, latency_s, clamped, refused)
        self._note("done", done=done)
        return done
