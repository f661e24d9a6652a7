"""What is known before anything is seen: where the views' tokens stand, and all that follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from xr0.engine.operations import Table, signed
from xr0.engine.prepared import Grids
from xr0.model import vlm
from xr0.types import VLMInputs


@dataclass(frozen=True)
class Places:
    """Of all requests with views of these grids, whose rows have image tokens at the same places.

    image: those places, behind the opening; text: rotary table of the tokens behind the opening [l e];
    causal: whom they see, as it is added to their scores; highest: the largest position up to each token of
    the row; patches: of each view; embedded: what the vision tower adds to them; turned: its rotary table.
    """

    image: Int[Tensor, " n"]
    text: Table
    causal: Float[Tensor, "l m"]
    highest: Int[Tensor, " m"]
    patches: tuple[int, ...]
    embedded: Float[Tensor, "p h"]
    turned: Table

    @staticmethod
    def of(model: vlm.Qwen3VL, ids: Sequence[int], grids: Grids, done: int) -> Places:
        """From a row as long as any will be; done: tokens of the opening."""
        device = model.device
        row = torch.tensor([ids], device=device)
        grid = torch.tensor([(1, *grid) for grid in grids], device=device)
        none = torch.zeros(0, 0, device=device)
        positions = vlm.position_ids(model, VLMInputs(row, torch.ones_like(row), none, grid))
        cosine, sine = vlm.text_table(model, positions[..., done:])
        embedded, *turned = vlm.vision_constants(model, grid)
        hidden = torch.full((len(ids), len(ids)), -torch.inf, dtype=model.dtype, device=device)
        return Places(
            (row[0, done:] == model.config.image_token_id).nonzero()[:, 0],
            signed(cosine[0], sine[0]),
            hidden.triu(1)[done:],
            positions[:, 0].amax(0).cummax(0).values,
            tuple(height * width for height, width in grids),
            embedded,
            signed(*turned),
        )
