"""One request to the policy at a time: when, what, and who waits for its answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from xr0_robot.deadlines import Deadlines, Urgency
from xr0_robot.executor.forecast import Forecast
from xr0_robot.executor.inference import Inference, Reply, Request
from xr0_robot.executor.silence import Silence
from xr0_robot.executor.strategy import Moment, Planned, Strategy
from xr0_robot.executor.tick import InferenceFailed, one_line
from xr0_robot.types import Observation

log = logging.getLogger(__name__)


class Asking:
    """The newest request, what was promised to it, and how long nothing usable has come.

    What is voided may be answered when it likes, and is never executed.
    """

    def __init__(
        self,
        inference: Inference,
        strategy: Strategy,
        forecast: Forecast,
        deadlines: Deadlines,
        note: Callable[..., None],
    ) -> None:
        self._inference = inference
        self._strategy = strategy
        self._deadlines = deadlines
        self._note = note
        self._forecast = forecast
        self.silence = Silence(deadlines)
        self.tick = 0
        """When the newest request was made."""
        self.held = 0
        """Ticks since then in which the robot held."""
        self._voided = False
        self._promised_until = 0
        self._warned = False

    def due(self, now_s: float, tick: int, remaining: int) -> bool:
        """Whether to ask now, with so many commands left."""
        if self._inference.busy or not self.silence.reached(now_s):
            return False
        return self._strategy.due(tick - self.tick, remaining, self._forecast.ticks())

    def start(
        self,
        now_s: float,
        tick: int,
        remaining: int,
        observation: Observation,
        planned: Callable[[int], Planned],
    ) -> None:
        """Ask, with so many commands left. planned: the plan with its next n commands as they will be
        sent."""
        delay, policy = self._forecast.ticks(), self._inference.policy
        rows = (policy.action_horizon, policy.max_prefix)
        asked = self._strategy.ask(Moment(observation, planned(delay), delay, *rows, policy.embodiment))
        if asked.untold and not self._warned:
            told = delay - asked.untold
            log.warning(
                "inference takes %d ticks, the policy is told of %d: a chunk begins without the rest",
                delay,
                told,
            )
            self._warned = True
        seed = self._forecast.seed()
        self._forecast.asked()
        self.tick, self.held, self._voided = tick, 0, False
        self._promised_until = tick + asked.promised
        self.silence.begin(now_s)
        plan_s = remaining * policy.embodiment.dt
        urgency = Urgency(plan_s, plan_s + self._deadlines.max_lag_s)
        ask = (asked.observation, asked.prefix, seed, tick, asked.guide, asked.ahead)
        self._inference.start(Request(*ask, urgency), now_s)

    def poll(self, now_s: float) -> Reply | None:
        """The answer, if it is there and still wanted."""
        if self._inference.busy:  # maybe with what was voided: waiting for that counts anew
            self.silence.begin(now_s)
        reply = self._inference.poll(now_s)
        if reply is None or not self._voided:
            return reply
        self._note("dropped", why="another author has taken over since its observation")
        self.silence.end()
        return None

    def answered(self, tick: int) -> None:
        """What has come in this tick was in time."""
        self._forecast.measure(tick - self.tick)
        self.forgo()
        self.silence.end()

    def promised(self, tick: int) -> bool:
        """Whether the newest request builds on a tick's command."""
        return tick < self._promised_until

    def forgo(self) -> None:
        """Nothing is promised any more."""
        self._promised_until = 0

    def void(self) -> None:
        """Nobody waits for what was asked until now."""
        self._voided = True
        self.forgo()
        self.silence.end()

    def check_patience(self, now_s: float) -> None:
        """InferenceFailed where nothing usable has come for too long."""
        if self.silence.over(now_s):
            reason = f" ({self.silence.reason})" if self.silence.reason else ""
            raise InferenceFailed(
                f"no usable answer from the policy for {self._deadlines.patience_s:g} s{reason}: "
                "the robot holds"
            )

    @contextmanager
    def failures(self, now_s: float) -> Iterator[None]:
        """A policy that is out of reach is tried again, every other failure ends the episode in one line."""
        try:
            yield
        except ConnectionError as error:  # the plan goes on until it ends, then the robot holds
            self.silence.lose(now_s, str(error), self._deadlines.retry_s)
            self.forgo()
        except (ValueError, RuntimeError) as error:
            raise InferenceFailed(str(error)) from error
        except Exception as error:  # a policy is foreign code: whatever it raises, the robot must be stopped
            log.exception("the policy failed in a way that it does not announce")
            raise InferenceFailed(f"policy: {one_line(error)}") from error
