"""What an environment is: a simulator or a robot behind seven methods."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from xr0_robot.types import Embodiment, Observation


class Env(Protocol):
    """One robot in one world. `apply` is one control tick; nothing else moves the world."""

    embodiment: Embodiment

    def reset(self, seed: int, instruction: str | None = None) -> str:
        """Start an episode; returns the instruction that is scored: the seed's own, or the given one."""
        ...

    def observe(self, instruction: str, time_s: float) -> Observation:
        """Cameras and state now. Where the cameras are read `beside` the control loop, this is called from a
        thread of its own, while `apply` and `state` are called from the loop's."""
        ...

    def state(self) -> np.ndarray:
        """float64 [state_dim], measured; cheap, no rendering."""
        ...

    def apply(self, action: np.ndarray) -> None:
        """Command float64 [native_dim] for one tick of 1 / rate_hz."""
        ...

    def stop(self) -> None:
        """Bring the robot to rest where it is, and leave it there.

        Called at every end of an episode: done, out of time, failed, interrupted; so also after `apply` or
        `reset` has raised, from whatever state the robot is in.
        """
        ...

    def success(self) -> bool:
        """Whether the scored instruction is fulfilled now."""
        ...

    def close(self) -> None:
        """Free renderers and devices."""
        ...
