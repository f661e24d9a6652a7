"""The only episode loop: one robot, one sentence, tick after tick, until it is done or out of time."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from typing import Any

from xr0_robot import report
from xr0_robot.bench import metrics
from xr0_robot.deadlines import Deadlines
from xr0_robot.env import Env
from xr0_robot.executor.cameras import Reading, inline
from xr0_robot.executor.clock import Clock, Metronome
from xr0_robot.executor.estop import EStop
from xr0_robot.executor.inference import Inference
from xr0_robot.executor.latency import Delay
from xr0_robot.executor.loop import Executor
from xr0_robot.executor.observer import Observer, Unobserved
from xr0_robot.executor.safety import Safety
from xr0_robot.executor.strategy import Strategy
from xr0_robot.executor.tick import InferenceFailed, Tick, one_line
from xr0_robot.limits import Limits
from xr0_robot.types import Embodiment, Observation

SHOWN = 60
"""Characters: what two robots differ in is shown if it is shorter, else only named."""

Advance = Callable[[float, Callable[[], Observation]], Tick]
"""The command for this tick, from the time [s] and a way to observe: `Executor.tick`, or what stands before
it."""

Drive = Callable[[Executor], Advance]
"""Makes the `Advance` of an episode from its executor."""

Watcher = Callable[[Tick, Callable[[], Observation]], None]
"""Called after each tick; call its second argument for a picture of now (it costs a rendering)."""

log = logging.getLogger(__name__)


def alone(executor: Executor) -> Advance:
    """The executor drives itself: nothing interrupts the policy."""
    return executor.tick


@dataclass(frozen=True)
class Episode:
    """What to do. instruction: what is scored, None for the seed's own; spoken: what the policy is told
    instead of it."""

    seed: int
    instruction: str | None = None
    spoken: str | None = None


@dataclass(frozen=True)
class EpisodeResult:
    """What happened. time_s: from the start to the success, None without; late_s: of the tick that began
    latest; late_chunks, stale_pictures: dropped by the deadlines; error: what failed;
    spoken_success: whether what was spoken is fulfilled at the end, where that is not what is scored."""

    embodiment: Embodiment
    seed: int
    instruction: str
    spoken: str
    success: bool
    time_s: float | None
    ticks: tuple[Tick, ...]
    missed_ticks: int
    late_s: float
    latencies_s: tuple[float, ...]
    late_chunks: int = 0
    stale_pictures: int = 0
    error: str | None = None
    spoken_success: bool | None = None

    @property
    def idle_ticks(self) -> int:
        """Ticks in which there was nothing to do but hold."""
        return sum(tick.freshness == "idle" for tick in self.ticks)

    @property
    def stopped_ticks(self) -> int:
        """Ticks under the e-stop."""
        return sum(tick.freshness == "stopped" for tick in self.ticks)

    @property
    def clamped_ticks(self) -> dict[str, int]:
        """How many ticks each limit changed the command in."""
        return dict(sorted(Counter(name for tick in self.ticks for name in tick.clamped).items()))

    def row(self) -> dict[str, Any]:
        """One JSON-able row of results; times in s or ms, jerk in m/s^3."""
        return {
            "seed": self.seed,
            "instruction": self.instruction,
            "spoken": self.spoken,
            "success": self.success,
            "spoken_success": self.spoken_success,
            "time_s": self.time_s,
            "ticks": len(self.ticks),
            "idle_ticks": self.idle_ticks,
            "stopped_ticks": self.stopped_ticks,
            "missed_ticks": self.missed_ticks,
            "late_ms": round(self.late_s * 1e3, 2),
            "clamped_ticks": self.clamped_ticks,
            "refused_ticks": sum(tick.refused is not None for tick in self.ticks),
            "late_chunks": self.late_chunks,
            "stale_pictures": self.stale_pictures,
            "latencies_ms": [round(latency_s * 1e3, 2) for latency_s in self.latencies_s],
            "seam_ratio": metrics.seam_ratio(self.embodiment, self.ticks),
            "rms_jerk": metrics.rms_jerk(self.embodiment, self.ticks),
            "error": self.error,
            "code": report.code(),
        }


def rollout(
    env: Env,
    episode: Episode,
    *,
    inference: Inference,
    strategy: Strategy,
    clock: Clock,
    limits: Limits,
    time_limit_s: float,
    settle_s: float = 0.0,
    deadlines: Deadlines | None = None,
    delay: Delay | None = None,
    cameras: Reading = inline,
    watch: Watcher | None = None,
    drive: Drive = alone,
    observer: Observer | None = None,
    estop: EStop | None = None,
    begin: Callable[[], str] | None = None,
) -> EpisodeResult:
    """Run one episode, and stop the robot however it ends. What fails on the way (policy, robot, watcher)
    ends it with the reason in `error`, and all ticks until then.

    settle_s: success counts once it has lasted this long; deadlines: the robot's, the defaults where None;
    delay: how that of the next inference is known, as a quantile of the recent ones where None; cameras: read
    by the control loop itself, or `beside` it; drive: who stands between the episode and the executor;
    observer: is told all that happens, as `xr0_robot.flight.recorder`; estop: wins over everything, and keeps
    the robot where it is until it is released; begin: lays the scene and returns the sentence, `Env.reset`
    where None.
    """
    observer = observer or Unobserved()
    robot = env.embodiment
    _same_robot(inference.policy.embodiment, robot)
    record = _Record(episode.instruction or "")
    try:
        with record.failures():
            record.instruction = begin() if begin else env.reset(episode.seed, episode.instruction)
            spoken = record.instruction if episode.spoken is None else episode.spoken
            safety = Safety(robot, limits)
            given = (env.state(), episode.seed, deadlines, delay, observer, estop)
            executor = Executor(inference, strategy, safety, *given)
            record.executor = executor
            with cameras(lambda: env.observe(spoken, clock.now()), env.state) as observe:
                _run(env, drive(executor), observe, clock, watch, time_limit_s, settle_s, record, observer)
    finally:
        with record.failures():
            env.stop()
        result = record.result(robot, episode)
        observer.note("end", success=result.success, error=result.error)
    return result


@dataclass
class _Record:
    """What has happened so far; it outlives whatever ends the episode."""

    instruction: str
    executor: Executor | None = None
    ticks: list[Tick] = field(default_factory=list)
    missed: int = 0
    late_s: float = 0.0
    time_s: float | None = None
    errors: list[str] = field(default_factory=list)

    def late(self, late_s: float, rate_hz: float) -> None:
        """A tick began so late; the whole ticks that fit in there are missed."""
        self.late_s = max(self.late_s, late_s)
        self.missed += int(late_s * rate_hz + 1e-6)

    def result(self, robot: Embodiment, episode: Episode) -> EpisodeResult:
        """All of it."""
        trouble = None if self.executor is None else self.executor.trouble
        if self.time_s is None and not self.errors and trouble is not None:
            self.errors.append(f"out of time without a usable answer from the policy: {trouble}")
        return EpisodeResult(
            embodiment=robot,
            seed=episode.seed,
            instruction=self.instruction,
            spoken=self.instruction if episode.spoken is None else episode.spoken,
            success=self.time_s is not None,
            time_s=self.time_s,
            ticks=tuple(self.ticks),
            missed_ticks=self.missed,
            late_s=self.late_s,
            latencies_s=() if self.executor is None else tuple(self.executor.latencies_s),
            late_chunks=0 if self.executor is None else self.executor.late_chunks,
            stale_pictures=0 if self.executor is None else self.executor.stale_pictures,
            error="; ".join(self.errors) or None,
        )

    @contextmanager
    def failures(self) -> Iterator[None]:
        """A failure becomes one line of the record."""
        try:
            yield
        except InferenceFailed as error:
            self.errors.append(str(error))
        except Exception as error:  # drivers and watchers are foreign code; what they raise must lose nothing
            log.exception("the episode ends")
            self.errors.append(one_line(error))


def _run(
    env: Env,
    advance: Advance,
    observe: Callable[[], Observation],
    clock: Clock,
    watch: Watcher | None,
    time_limit_s: float,
    settle_s: float,
    record: _Record,
    observer: Observer,
) -> None:
    """Tick after tick, until success has lasted or time is up."""
    robot = env.embodiment
    settle = robot.ticks(settle_s)
    metronome = Metronome(clock, robot.rate_hz)
    start_s = since_s = clock.now()
    held = 0
    for _ in range(robot.ticks(time_limit_s)):
        late_s = metronome.wait()
        record.late(late_s, robot.rate_hz)
        observer.note("late", late_s=late_s)
        now_s = clock.now()
        tick = advance(now_s, observe)
        metronome.wait_to_send()
        env.apply(tick.command)
        record.ticks.append(tick)
        if watch is not None:
            watch(tick, observe)
        held = held + 1 if env.success() else 0
        if held == 1:
            since_s = now_s
        if held > settle:
            record.time_s = round(since_s - start_s + robot.dt, 3)
            return


def _same_robot(policy: Embodiment, robot: Embodiment) -> None:
    """A policy for another layout would move the wrong numbers: ValueError names what differs."""
    names = [field.name for field in fields(Embodiment)]
    pairs = [(name, repr(getattr(policy, name)), repr(getattr(robot, name))) for name in names]
    differences = [
        f"{name} {got} instead of {wanted}" if len(got + wanted) < SHOWN else name
        for name, got, wanted in pairs
        if got != wanted
    ]
    if differences:
        raise ValueError(f"policy: made for another robot than {robot.name!r}: {', '.join(differences)}")
