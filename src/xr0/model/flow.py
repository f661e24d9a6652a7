"""Flow matching. The convention, said once: t = 0 is noise, t = 1 is action.

x_t = (1 - t) * noise + t * action        v = action - noise        x_{t+h} = x_t + h * v
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

BETA_ALPHA, BETA_BETA = 1.5, 1.0
"""u ~ Beta(1.5, 1), t = (1 - u) * MAX_TIME: more weight near the noise (released XR0.py)."""

MAX_TIME = 0.999
"""Training never sees a finished action as its input (arXiv 2602.12684, step 2 of pre-training)."""

Velocity = Callable[[Float[Tensor, "b t d"], int], Float[Tensor, "b t d"]]
"""v at (x, t_k), given x and the step k."""


def training_time(p: Float[Tensor, " b"]) -> Float[Tensor, " b"]:
    """Of p uniform on [0, 1], by inverting Beta(1.5, 1)'s distribution function u^1.5 (beta is 1: exact)."""
    return (1.0 - p ** (BETA_BETA / BETA_ALPHA)) * MAX_TIME


def interpolate(
    noise: Float[Tensor, "b t d"], action: Float[Tensor, "b t d"], t: Float[Tensor, " b"]
) -> Float[Tensor, "b t d"]:
    """x_t on the straight path."""
    t = t[:, None, None]
    return (1.0 - t) * noise + t * action


@dataclass(frozen=True)
class Prefix:
    """Committed clean actions: row b's first `lengths[b]` ticks of `actions`; what follows is unused."""

    actions: Float[Tensor, "b t d"]
    lengths: Int[Tensor, " b"]

    def held(self) -> Bool[Tensor, "b t 1"]:
        """Which ticks are prefix."""
        ticks = torch.arange(self.actions.shape[1], device=self.lengths.device)
        return (ticks[None, :] < self.lengths[:, None])[..., None]


def times(steps: int) -> list[float]:
    """Where an integration of `steps` equal steps asks for a velocity."""
    return [k / steps for k in range(steps)]


def euler(
    velocity: Velocity, noise: Float[Tensor, "b t d"], steps: int, prefix: Prefix | None = None
) -> Float[Tensor, "b t d"]:
    """Integrate from noise to action in equal steps; a prefix is set first and never moves."""
    h = 1.0 / steps
    if prefix is None:
        x = noise
        for k in range(steps):
            x = x + velocity(x, k) * h
        return x
    held = prefix.held()
    x = torch.where(held, prefix.actions, noise)
    for k in range(steps):
        x = torch.where(held, x, x + velocity(x, k) * h)
    return x
