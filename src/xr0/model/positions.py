"""Rotary positions of the action expert. All three M-RoPE axes are equal there: it is plain RoPE."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from xr0.model.masks import LEADING_TOKENS


def dit_positions(
    last_position: Int[Tensor, " b"], horizon: int, prefix_lengths: Int[Tensor, " b"], offset: int
) -> Int[Tensor, "b q"]:
    """[sink, state, actions] follow the context; actions after the prefix stand `offset` further away."""
    position = torch.arange(LEADING_TOKENS + horizon, device=last_position.device)[None, :]
    after_prefix = position >= LEADING_TOKENS + prefix_lengths[:, None]
    return last_position[:, None] + 1 + position + offset * after_prefix


def inverse_frequencies(dim: int, theta: float, rounded: bool) -> Float[Tensor, " f"]:
    """Of a rotary embedding over `dim` numbers, float32; rounded: through bfloat16 (see `vlm.set_rope`)."""
    even = torch.arange(0, dim, 2, dtype=torch.float32, device="cpu")
    frequencies = 1.0 / theta ** (even / dim)
    return frequencies.bfloat16().float() if rounded else frequencies


def rotary_table(
    positions: Int[Tensor, "b q"], head_dim: int, theta: float, rounded: bool
) -> tuple[Float[Tensor, "b 1 q e"], Float[Tensor, "b 1 q e"]]:
    """Cosine and sine, float32, one row per token, broadcast over heads."""
    frequencies = inverse_frequencies(head_dim, theta, rounded).to(positions.device)
    angle = positions[:, None, :, None].float() * frequencies
    angle = torch.cat([angle, angle], dim=-1)
    return angle.cos(), angle.sin()


def rotate(
    x: Float[Tensor, "b n q e"], table: tuple[Float[Tensor, "b 1 q e"], Float[Tensor, "b 1 q e"]]
) -> Float[Tensor, "b n q e"]:
    """Apply a rotary table (half-split convention, as Qwen does)."""
    cosine, sine = table
    first, second = x.chunk(2, dim=-1)
    return x * cosine + torch.cat([-second, first], dim=-1) * sine
