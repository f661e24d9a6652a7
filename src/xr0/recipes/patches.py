"""Where things are, said by the image tokens that show them: labels and loss of recipes that teach it."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

WEIGHT = 0.3
"""Of `patch_loss` beside the action loss."""

PRESENCE_BALANCE = 10.0
"""Positive patches are rare: one of 64 for each thing."""


def tokens_of(ids: np.ndarray, pad: int, grid: tuple[int, int]) -> np.ndarray:
    """Positions in a row of token ids of the first view's tokens, of which there are rows x columns."""
    return np.flatnonzero(ids == pad)[: grid[0] * grid[1]]


def patch_of(place: np.ndarray, grid: tuple[int, int]) -> int | None:
    """Which of rows x columns patches shows a point, given as shares (right, down) of the picture's sides;
    None outside it, and for NaN."""
    if not ((place >= 0.0) & (place < 1.0)).all():
        return None
    rows, columns = grid
    return int(place[1] * rows) * columns + int(place[0] * columns)


def patch_loss(
    said: Float[Tensor, "b l o n"],
    presence: Float[Tensor, "b l o"],
    wanted: Float[Tensor, "b o p"],
    in_view: Bool[Tensor, "b l"],
) -> Float[Tensor, ""]:
    """Each token in view says of each of o things whether it shows it (a logit) and, where it does, how it
    lies (p numbers behind it): cross entropy and mean absolute error."""
    balance = torch.tensor(PRESENCE_BALANCE, device=said.device)
    logits, shown = said[..., 0][in_view], presence[in_view]
    seen = F.binary_cross_entropy_with_logits(logits, shown, pos_weight=balance)
    here = presence.bool()
    how = wanted[:, None].expand(-1, here.shape[1], -1, -1)
    lies = (said[..., 1:][here] - how[here]).abs().mean() if here.any() else seen * 0.0
    return seen + lies


def told_loss(
    said: Float[Tensor, "b l a"],
    asked: Bool[Tensor, "b l"],
    by_queries: Float[Tensor, "b t a"],
    answer: Float[Tensor, "b a"],
) -> Float[Tensor, ""]:
    """Mean absolute error of what the context's tokens that are asked, and all queries, say; NaN in an
    answer is nobody's error, but each sample has some numbers."""
    known = answer.isfinite()[:, None]
    wanted, numbers = answer.nan_to_num()[:, None], known.sum(-1)
    words, queries = (((each - wanted) * known).abs().sum(-1) / numbers for each in (said, by_queries))
    return words[asked].mean() + queries.mean()
