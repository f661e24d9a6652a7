"""Who sees whom among the action expert's tokens. True = visible.

Tokens: k sink, s state, 0..T-1 actions. Contract A (window None)      Contract B (window 1 drawn, 4 used)

        k s 0 1 2 3                                                     k s 0 1 2 3
    k   x                                                           k   x
    s   x x                                                         s   x x
    0   x x x                                                       0   x x x
    1   x x x x                                                     1   x x x x
    2   x x x x x                                                   2   x x   x x
    3   x x x x x x                                                 3   x x     x x

The open lower-left corner of B is the Λ: world (context, sink, state) on one leg, the newest actions on the
other (arXiv 2602.12684, post-training). Every token sees the whole unpadded context. A is the mask in the
released checkpoints' modeling_mibot.py, B that in the released post-training code's XR0.py.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Int
from torch import Tensor

LEADING_TOKENS = 2
"""Sink and state come before the actions."""


def action_mask_dit(horizon: int, window: int | None, device: torch.device) -> Bool[Tensor, "q q"]:
    """Mask among [sink, state, actions]; rows look at columns."""
    size = LEADING_TOKENS + horizon
    row = torch.arange(size, device=device)[:, None]
    column = torch.arange(size, device=device)[None, :]
    causal = column <= row
    if window is None:
        return causal
    leading = column < LEADING_TOKENS
    near = row - column <= window
    return causal & (leading | near)


def hide_prefix(
    mask: Bool[Tensor, "q q"], hidden: Bool[Tensor, "b t"], prefix_lengths: Int[Tensor, " b"]
) -> Bool[Tensor, "b q q"]:
    """Hide ticks of each row's prefix from all actions after that prefix."""
    token = torch.arange(len(mask), device=mask.device)
    after_prefix = token >= LEADING_TOKENS + prefix_lengths[:, None]
    column = F.pad(hidden, (LEADING_TOKENS, 0))
    return mask & ~(after_prefix[:, :, None] & column[:, None, :])


def with_context(
    dit_mask: Bool[Tensor, "#b q q"], context_mask: Bool[Tensor, "b l"]
) -> Bool[Tensor, "b 1 q l+q"]:
    """The attention mask of [context | own] columns for each row of the batch."""
    batch, queries = context_mask.shape[0], dit_mask.shape[-1]
    context = context_mask[:, None, None, :].expand(batch, 1, queries, -1)
    own = dit_mask[:, None].expand(batch, 1, queries, queries)
    return torch.cat([context, own], dim=-1)
