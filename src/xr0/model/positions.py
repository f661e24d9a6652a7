"""Rotary positions of the action expert. All three M-RoPE axes are equal there: it is plain RoPE."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from xr0.model.masks import LEADING_TOKENS


def dit_positions(
    last_position: Int[Tensor, " b"], horizon: int, prefix_length: int, offset: int
) -> Int[Tensor, "b q"]:
    """[sink, state, actions] follow the context; actions after the prefix stand `offset` further away."""
    position = torch.arange(LEADING_TOKENS + horizon, device=last_position.device)
    position = position + offset * (position >= LEADING_TOKENS + prefix_length)
    return last_position[:, None] + 1 + position[None, :]


def rotary_table(
    positions: Int[Tensor, "b q"], head_dim: int, theta: float
) -> tuple[Float[Tensor, "b 1 q e"], Float[Tensor, "b 1 q e"]]:
    """Cosine and sine, float32, one row per token, broadcast over heads."""
    even = torch.arange(0, head_dim, 2, dtype=torch.int64, device=positions.device)
    inverse_frequency = 1.0 / theta ** (even.float() / head_dim)
    angle = positions[:, None, :, None].float() * inverse_frequency
    angle = torch.cat([angle, angle], dim=-1)
    return angle.cos(), angle.sin()


def rotate(
    x: Float[Tensor, "b n q e"], table: tuple[Float[Tensor, "b 1 q e"], Float[Tensor, "b 1 q e"]]
) -> Float[Tensor, "b n q e"]:
    """Apply a rotary table (half-split convention, as Qwen does)."""
    cosine, sine = table
    first, second = x.chunk(2, dim=-1)
    return x * cosine + torch.cat([-second, first], dim=-1) * sine
