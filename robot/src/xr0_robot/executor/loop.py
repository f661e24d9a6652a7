"""One control tick: fetch what was thought, decide whether to think, send the command that is due."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from xr0_robot.deadlines import Deadlines
from xr0_robot.executor.asking import Asking
from xr0_robot.executor.estop import EStop
from xr0_robot.executor.forecast import Forecast
from xr0_robot.executor.freshness import unusable
from xr0_robot.executor.inference import Inference, Reply
from xr0_robot.executor.latency import Delay, Quantile
from xr0_robot.executor.observer import (
    ObservedAdjustment,
    ObservedInference,
    Observer,
    Setup,
    Unobserved,
    observed,
)
from xr0_robot.executor.outlet import Adjustment, Outlet
from xr0_robot.executor.plan import Plan
from xr0_robot.executor.safety import Safety
from xr0_robot.executor.stopping import Stopping
from xr0_robot.executor.strategy import Planned, Strategy
from xr0_robot.executor.tick import Freshness, Tick, tell
from xr0_robot.types import Observation


class Executor:
    """Turns chunks that come when they come into one safe command per control tick, for one episode.

    The plan's time stands still while the robot does: a chunk is joined at the number of commands truly
    executed since its observation. So after a standstill comes its first row, and nothing is skipped; but
    what has been overtaken by more than `Deadlines.max_lag_s` is dropped and asked for anew.

    Another author may take the robot with `obey`; the plan is void then, and so is the inference under way:
    it may finish when it likes, and is never executed. So does the e-stop; what was seen before it was
    released does not count either.
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
        policy, robot = inference.policy, inference.policy.embodiment
        strategy.check(policy)
        safety.reset(state)
        observer, deadlines, delay = observer or Unobserved(), deadlines or Deadlines(), delay or Quantile()
        self._note = observer.note
        self._embodiment = robot
        self._deadlines = deadlines
        self._stopping = Stopping(estop or EStop(), observer.note)
        noted = ObservedInference(inference, observer.note)
        forecast = Forecast(delay, policy.action_horizon, seed)
        self._asking = Asking(noted, strategy, forecast, deadlines, observer.note)
        self._plan = Plan(robot, strategy, deadlines, observer.note)
        self._outlet = Outlet(safety)
        self._correct = observed(strategy.correction(policy), observer.note)
        self.latencies_s: list[float] = []
        self.late_chunks = 0
        """Plans that were dropped because their time had gone."""
        self.stale_pictures = 0
        """Observations that were too old to ask about."""
        self._tick = 0
        self._seen: Observation | None = None  # in this tick, for a correction
        self._dropped: str | None = None  # in this tick, and why
        self._held_ticks = 0  # in a row
        self._last: Tick | None = None
        observer.begin(Setup.of(policy, safety.limits, deadlines, strategy, delay, seed, state), self)

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
        if self._stopping.begin(now_s):
            self._void()
            return
        self._receive(now_s)
        self._drop_outdated(now_s)
        self._seen = None if self._correct is None else self._look(observe)
        if self._asking.due(now_s, self._tick, self._plan.queue.remaining(self._tick)):
            self._ask(now_s, self._seen or self._look(observe))

    def act(self, now_s: float) -> Tick:
        """The second half: take in what was answered at once, and say what to send."""
        if self._stopping.why is not None:
            return self._stand()
        if self._asking.tick == self._tick:
            self._receive(now_s)
        self._drop_outdated(now_s)  # the policy may have been lost just now
        return self._command(now_s)

    def obey(self, action: np.ndarray) -> Tick:
        """Send `action` [native_dim] for this tick, within the limits, instead of the plan, which is void
        now.

        What was observed before the last `obey` is never executed: the next `tick` asks with a fresh
        observation, and holds until that is answered. While the e-stop is pressed it is not obeyed.
        """
        self._note("obey", tick=self._tick, action=action)
        self._void()
        if self._stopping.interrupt():
            return self._stand()
        verdict = self._outlet.safety.check(action)
        return self._done(verdict.command, -1, "touch", verdict.clamped, verdict.refused)

    @property
    def adjustment(self) -> Adjustment | None:
        """Of every command of the plan, before the safety limits; None leaves it as it is."""
        return self._outlet.adjustment

    @adjustment.setter
    def adjustment(self, adjustment: Adjustment | None) -> None:
        self._note("adjustment", on=adjustment is not None)
        noted = None if adjustment is None else ObservedAdjustment(adjustment, self._note)
        self._outlet.adjustment = noted

    @property
    def dt(self) -> float:
        """Seconds per tick."""
        return self._embodiment.dt

    @property
    def trouble(self) -> str | None:
        """Why nothing usable comes from the policy, in one line; None while it does, or is only slow."""
        return self._asking.silence.reason

    def held(self) -> np.ndarray:
        """The last command sent [native_dim]: to repeat it is to stand still."""
        return self._outlet.safety.hold()

    def _void(self) -> None:
        """Nothing that was planned or asked until now will be executed."""
        self._plan.queue.clear()
        self._asking.void()
        self._held_ticks = 0

    def _look(self, observe: Callable[[], Observation]) -> Observation:
        observation = observe()
        self._note("observation", observation=observation)
        return observation

    def _ask(self, now_s: float, observation: Observation) -> None:
        why = unusable(observation, now_s, self._deadlines, self._stopping.released_s)
        if why is not None:
            self.stale_pictures += 1
            self._asking.silence.lose(now_s, self._drop(why), pause_s=0.0)
            return
        with self._asking.failures(now_s):
            left = self._plan.queue.remaining(self._tick)
            self._asking.start(now_s, self._tick, left, observation, self._planned)

    def _planned(self, checked: int) -> Planned:
        return self._plan.planned(self._tick, checked, self._outlet)

    def _receive(self, now_s: float) -> None:
        with self._asking.failures(now_s):
            reply = self._asking.poll(now_s)
            if reply is not None:
                self._merge(now_s, reply)
            self._asking.check_patience(now_s)

    def _merge(self, now_s: float, reply: Reply) -> None:
        late = self._plan.merge(now_s, self._tick, reply, self._asking.held, self._outlet)
        if late is not None:
            self._drop_late(late)
            return
        self._asking.answered(self._tick)
        self.latencies_s.append(reply.latency_s)

    def _drop_outdated(self, now_s: float) -> None:
        """A plan that the loop has stood still over, or that was to be followed for a while only."""
        if self._plan.queue.remaining(self._tick) == 0:
            return
        late = self._plan.late(now_s, self._tick)
        if late is not None:
            self._drop_late(late)
        if late is not None or self._asking.silence.coasted(now_s):
            self._asking.forgo()
            self._plan.queue.clear()

    def _drop_late(self, why: str) -> None:
        self.late_chunks += 1
        self._asking.silence.blame(self._drop(why))

    def _drop(self, why: str) -> str:
        self._dropped = why
        self._note("dropped", why=why)
        return why

    def _command(self, now_s: float) -> Tick:
        action = self._plan.queue.at(self._tick)
        if action is None:
            return self._hold(self._outlet.safety.rest(), self._dropped)
        verdict = self._outlet.check(self._corrected(now_s, action))
        if verdict.refused is not None:
            return self._hold(verdict.command, verdict.refused)
        self._held_ticks = 0
        freshness: Freshness = "prefix" if self._asking.promised(self._tick) else "fresh"
        return self._done(verdict.command, self._plan.queue.chunk, freshness, verdict.clamped)

    def _corrected(self, now_s: float, action: np.ndarray) -> np.ndarray:
        """By what is seen now; as planned where nothing corrects, or that is too old to act on."""
        seen, chunk = self._seen, self._plan.chunk
        if self._correct is None or seen is None or chunk is None:
            return action
        if unusable(seen, now_s, self._deadlines, self._stopping.released_s) is not None:
            return action
        with self._asking.failures(now_s):
            return self._correct(seen, chunk, self._plan.queue.row(self._tick), action)
        return action

    def _stand(self) -> Tick:
        """As the e-stop says."""
        why = f"e-stop: {self._stopping.why}"
        return self._done(self._outlet.safety.rest(), -1, "stopped", refused=why)

    def _hold(self, command: np.ndarray, refused: str | None) -> Tick:
        """Brought to rest from this very tick on, and kept there."""
        self._held_ticks += 1
        self._asking.held += 1
        if self._plan.queue.chunk >= 0 and self._held_ticks * self.dt > self._deadlines.latch_s:
            reason = f": {self.trouble}" if self.trouble else ""
            self._stopping.press(f"nothing to execute for {self._deadlines.latch_s:g} s{reason}")
        return self._done(command, -1, "idle", refused=refused)

    def _done(
        self,
        command: np.ndarray,
        chunk: int,
        freshness: Freshness,
        clamped: tuple[str, ...] = (),
        refused: str | None = None,
    ) -> Tick:
        latency_s = self.latencies_s[-1] if self.latencies_s else None
        done = Tick(self._tick, command, chunk, freshness, latency_s, clamped, refused)
        tell(done, self._last, self._dropped)
        self._note("done", done=done)
        self._last = done
        self._tick += 1
        return done
