"""The only episode loop: one robot, one sentence, tick after tick, until it is done or out of time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from xr0_robot import report
from xr0_robot.bench import metrics
from xr0_robot.env import Env
from xr0_robot.executor.clock import Clock, Metronome
from xr0_robot.executor.inference import Inference
from xr0_robot.executor.loop import Executor, InferenceFailed, Tick
from xr0_robot.executor.safety import Safety
from xr0_robot.executor.strategy import Strategy
from xr0_robot.limits import Limits
from xr0_robot.types import Embodiment, Observation

TIME_LIMIT_S = 10.0
"""Three times what the scripted expert needs: a policy that takes longer has lost its way."""
SETTLE_S = 0.5
"""Success counts once it has lasted this long: a brick that rolls out of the bin was never in it."""

Drive = Callable[[Executor], Callable[[float, Callable[[], Observation]], Tick]]
"""What calls the executor in each tick, from the executor; by default its own `tick`."""

Watcher = Callable[[Tick, Callable[[], Observation]], None]
"""Called after each tick; call its second argument for a picture of now (it costs a rendering)."""


def alone(executor: Executor) -> Callable[[float, Callable[[], Observation]], Tick]:
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
    """What happened. time_s: from the start to the success, None without; error: why it ended early;
    spoken_success: whether what was spoken is fulfilled at the end, where that is not what is scored."""

    embodiment: Embodiment
    seed: int
    instruction: str
    spoken: str
    success: bool
    time_s: float | None
    ticks: tuple[Tick, ...]
    missed_ticks: int
    latencies_s: tuple[float, ...]
    error: str | None = None
    spoken_success: bool | None = None

    @property
    def idle_ticks(self) -> int:
        """Ticks in which there was nothing to do but hold."""
        return sum(tick.freshness == "idle" for tick in self.ticks)

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
            "missed_ticks": self.missed_ticks,
            "clamped_ticks": self.clamped_ticks,
            "refused_ticks": sum(tick.refused is not None for tick in self.ticks),
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
    watch: Watcher | None = None,
    drive: Drive = alone,
    time_limit_s: float = TIME_LIMIT_S,
) -> EpisodeResult:
    """Run one episode; a policy that fails ends it with the reason in `error`, and all ticks until then.

    drive: who stands between the episode and the executor.
    """
    robot = env.embodiment
    _same_robot(inference.policy.embodiment, robot)
    instruction = env.reset(episode.seed, episode.instruction)
    spoken = instruction if episode.spoken is None else episode.spoken
    executor = Executor(inference, strategy, Safety(robot, limits), env.state(), episode.seed)
    advance = drive(executor)
    metronome = Metronome(clock, robot.rate_hz)
    ticks: list[Tick] = []
    missed, held_ticks, error = 0, 0, None

    def observe() -> Observation:
        return env.observe(spoken, clock.now())

    for _ in range(robot.ticks(time_limit_s)):
        missed += metronome.wait()
        try:
            tick = advance(clock.now(), observe)
        except InferenceFailed as failure:
            error = str(failure)
            break
        env.apply(tick.command)
        ticks.append(tick)
        if watch is not None:
            watch(tick, observe)
        held_ticks = held_ticks + 1 if env.success() else 0
        if held_ticks > robot.ticks(SETTLE_S):
            break
    success = held_ticks > robot.ticks(SETTLE_S)
    done_after = len(ticks) + missed - robot.ticks(SETTLE_S)
    return EpisodeResult(
        embodiment=robot,
        seed=episode.seed,
        instruction=instruction,
        spoken=spoken,
        success=success,
        time_s=round(done_after * robot.dt, 3) if success else None,
        ticks=tuple(ticks),
        missed_ticks=missed,
        latencies_s=tuple(executor.latencies_s),
        error=error,
    )


def _same_robot(policy: Embodiment, robot: Embodiment) -> None:
    """A policy for another layout would move the wrong numbers: ValueError names each difference."""
    names = [field.name for field in fields(Embodiment)]
    pairs = [(name, getattr(policy, name), getattr(robot, name)) for name in names]
    differences = [
        f"{name} {got!r} instead of {expected!r}" for name, got, expected in pairs if got != expected
    ]
    if differences:
        raise ValueError(f"policy: made for another robot than {robot.name!r}: {'; '.join(differences)}")
