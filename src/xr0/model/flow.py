"""Flow matching. The convention, said once: t = 0 is noise, t = 1 is action.

x_t = (1 - t) * noise + t * action        v = action - noise        x_{t+h} = x_t + h * v
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

BETA_ALPHA, BETA_BETA = 1.5, 1.0
"""u ~ Beta(1.5, 1), t = (1 - u) * MAX_TIME: more weight near the noise (facts/model.md 7.4)."""

MAX_TIME = 0.999
"""Training never sees a finished action as its input (facts/model.md 7.3)."""

Velocity = Callable[[Float[Tensor, "b t d"], Float[Tensor, " b"]], Float[Tensor, "b t d"]]


def sample_time(batch: int, generator: torch.Generator | None = None) -> Float[Tensor, " b"]:
    """Training times, by inverting Beta(1.5, 1)'s distribution function u^1.5 (exact because beta is 1)."""
    u = torch.rand(batch, generator=generator) ** (BETA_BETA / BETA_ALPHA)
    return (1.0 - u) * MAX_TIME


def interpolate(
    noise: Float[Tensor, "b t d"], action: Float[Tensor, "b t d"], t: Float[Tensor, " b"]
) -> Float[Tensor, "b t d"]:
    """x_t on the straight path."""
    t = t[:, None, None]
    return (1.0 - t) * noise + t * action


def euler(
    velocity: Velocity,
    noise: Float[Tensor, "b t d"],
    steps: int,
    prefix: Float[Tensor, "b p d"] | None = None,
) -> Float[Tensor, "b t d"]:
    """Integrate from noise to action in equal steps; a prefix is set first and never moves."""
    x = noise
    p = 0 if prefix is None else prefix.shape[1]
    if prefix is not None:
        x = torch.cat([prefix, noise[:, p:]], dim=1)
    for k in range(steps):
        t = torch.full((len(x),), k / steps, dtype=x.dtype, device=x.device)
        v = velocity(x, t)
        x = torch.cat([x[:, :p], x[:, p:] + v[:, p:] / steps], dim=1)
    return x
