"""How a policy's chunks are executed, and by which clock: what every evaluation has to say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from xr0_robot.executor.clock import Clock, VirtualClock, WallClock
from xr0_robot.executor.inference import Inference, Policy, ThreadedInference, VirtualInference
from xr0_robot.executor.jitter import JITTERS
from xr0_robot.executor.methods import Method, named
from xr0_robot.executor.strategy import EXECUTE_HORIZON
from xr0_robot.modes import Mode


@dataclass(frozen=True)
class Execution:
    """Written to results as it is.

    latency_ms: by the virtual clock all that an inference takes, by the wall clock what is added to it;
    jitter: how the virtual clock scatters that, one of `executor.jitter.JITTERS`.
    """

    mode: Mode = "async"
    clock: Literal["wall", "virtual"] = "virtual"
    latency_ms: float = 0.0
    jitter: str = "steady"
    execute_horizon: int = EXECUTE_HORIZON

    def __post_init__(self) -> None:
        if self.jitter not in JITTERS:
            raise ValueError(f"jitter: got {self.jitter!r}, expected one of {', '.join(JITTERS)}")
        if self.clock == "wall" and self.jitter != "steady":
            raise ValueError(
                f"jitter: got {self.jitter} by the wall clock, which has its own; expected steady"
            )

    def strategy(self) -> Method:
        """How the robot goes on while it thinks."""
        return named(self.mode, self.execute_horizon)

    def timing(self, policy: Policy) -> tuple[Clock, Inference]:
        """The clock, and an inference that keeps to it."""
        latency_s = self.latency_ms / 1e3
        if self.clock == "virtual":
            return VirtualClock(), VirtualInference(policy, latency_s, JITTERS[self.jitter])
        return WallClock(), ThreadedInference(policy, latency_s)
