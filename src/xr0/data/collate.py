"""Rows of tokens to one padded tensor batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from xr0.transform.processor import Tokens
from xr0.types import VLMInputs


def pad_rows(rows: Sequence[Tokens], padding_id: int) -> VLMInputs:
    """Right-padded; all rows' patches in order. A row may have no image, and so may all."""
    length = max(len(row.ids) for row in rows)
    ids = torch.full((len(rows), length), padding_id, dtype=torch.long)
    mask = torch.zeros((len(rows), length), dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, : len(row.ids)] = torch.tensor(row.ids)
        mask[i, : len(row.ids)] = 1
    pixels = np.concatenate([row.pixels for row in rows])
    grids = torch.tensor([(1, *grid) for row in rows for grid in row.grids], dtype=torch.long)
    return VLMInputs(ids, mask, torch.from_numpy(pixels), grids.view(-1, 3))
