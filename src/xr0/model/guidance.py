"""Sampling led along the plan in hand, for any velocity of a flow: real-time chunking that needs no training.

Y is the plan for the chunk's first n ticks, of which d will be executed before the chunk is there.

By gradient (arXiv 2506.07339, equations 2 to 5), in this house's time:

    v' = v + min(BETA, (t^2 + (1-t)^2) / (t (1-t))) * (d x1 / d x)^T W (Y - x1)        x1 = x + (1-t) v

with W_i = 1 for i < d, then c (e^c - 1) / (e - 1) with c = (n - i) / (n - d + 1), and 0 from n on.

By ramp (NVIDIA Isaac GR00T, README_RTC.md), without a gradient: the n ticks start from Y instead of noise and
move at v' = s v, with s_i = 0 for i < d, then 1 - e^(-RAMP u) scaled to end at 1, with u = (i - d + 1) /
(n - d + 1), and 1 from n on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from xr0.model.flow import Velocity, times

BETA = 5.0
"""Largest weight of the gradient (arXiv 2506.07339): with few steps a larger one overshoots."""

RAMP = 6.0
"""How fast the ticks behind the frozen ones are let go (Isaac GR00T's `rtc_ramp_rate`)."""


@dataclass(frozen=True)
class Guide:
    """What leads each row of a batch. A row that nothing leads has weights 0 and speed 1.

    actions: the plan Y; weights: W, of the gradient; speed: s, of the velocity: where it is below 1 sampling
    starts from the plan.
    """

    actions: Float[Tensor, "b t d"]
    weights: Float[Tensor, "b t d"]
    speed: Float[Tensor, "b t 1"]

    @staticmethod
    def of(
        plan: Float[Tensor, "b t d"],
        lengths: Int[Tensor, " b"],
        delays: Int[Tensor, " b"],
        by_gradient: Bool[Tensor, " b"],
        action_mask: Float[Tensor, "b t d"],
    ) -> Guide:
        """Each row led along the first `lengths` ticks of its plan, by gradient or else by ramp.

        Slots that the robot does not use, 0 in `action_mask`, pull at nothing.
        """
        horizon, gradient = plan.shape[1], by_gradient[:, None, None]
        weights = soft_mask(lengths, delays, horizon) * gradient * action_mask
        speed = torch.where(gradient, 1.0, ramp(lengths, delays, horizon))
        return Guide(plan, weights.to(plan.dtype), speed.to(plan.dtype))

    def start(self, noise: Float[Tensor, "b t d"]) -> Float[Tensor, "b t d"]:
        """Where sampling starts."""
        return torch.where(self.speed < 1, self.actions, noise)


def soft_mask(lengths: Int[Tensor, " b"], delays: Int[Tensor, " b"], horizon: int) -> Float[Tensor, "b t 1"]:
    """W of n = `lengths` and d = `delays`."""
    i, n, d = _grid(lengths, delays, horizon)
    c = (n - i) / (n - d + 1)
    decay = c * torch.expm1(c) / math.expm1(1.0)
    return torch.where(i < d, 1.0, torch.where(i < n, decay, 0.0))[..., None]


def ramp(lengths: Int[Tensor, " b"], delays: Int[Tensor, " b"], horizon: int) -> Float[Tensor, "b t 1"]:
    """s of n = `lengths` and d = `delays`."""
    i, n, d = _grid(lengths, delays, horizon)
    u = (i - d + 1) / (n - d + 1)
    rise = torch.expm1(-RAMP * u) / math.expm1(-RAMP)
    return torch.where(i < d, 0.0, torch.where(i < n, rise, 1.0))[..., None]


def guided(velocity: Velocity, guide: Guide, steps: int) -> Velocity:
    """The velocity v' of an integration in `steps` equal steps that starts at `guide.start`.

    Costs a backward pass a step where a row has weights. Not to be called under torch.inference_mode.
    """
    by_gradient = bool(guide.weights.any())

    def led(x: Float[Tensor, "b t d"], k: int) -> Float[Tensor, "b t d"]:
        if not by_gradient:
            return guide.speed * velocity(x, k)
        t = times(steps)[k]
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            v = velocity(x, k)
            x1 = x + (1.0 - t) * v
            error = guide.weights * (guide.actions - x1.detach())
            (towards,) = torch.autograd.grad(x1, x, error)
        return guide.speed * (v.detach() + weight(t) * towards)

    return led


def weight(t: float) -> float:
    """Of the gradient at flow time t."""
    return BETA if t == 0.0 else min(BETA, (t**2 + (1.0 - t) ** 2) / (t * (1.0 - t)))


def _grid(
    lengths: Int[Tensor, " b"], delays: Int[Tensor, " b"], horizon: int
) -> tuple[Float[Tensor, "1 t"], Float[Tensor, "b 1"], Float[Tensor, "b 1"]]:
    """i, n and d, to be broadcast."""
    ticks = torch.arange(horizon, device=lengths.device, dtype=torch.float32)
    return ticks[None], lengths[:, None].float(), delays[:, None].float()
