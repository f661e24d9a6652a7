"""Rows to one padded tensor batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from xr0.data.pixels import CPU, pixel_values
from xr0.transform.processor import Processor, Tokens
from xr0.transform.tokenizer import padding_id
from xr0.types import Batch, VLMInputs


@dataclass(frozen=True)
class Row:
    """One sample, normalised: state [1, s], actions and mask [t, d], float32. committed: see `Batch`."""

    tokens: Tokens
    state: np.ndarray
    actions: np.ndarray
    mask: np.ndarray
    committed: int
    seed: int
    origin: str


def collate(rows: Sequence[Row], processor: Processor, shared_seed: int) -> Batch:
    """As long as the longest; behind a shorter horizon the mask is 0."""
    horizon = max(len(row.actions) for row in rows)

    def padded(arrays: Sequence[np.ndarray]) -> torch.Tensor:
        filled = [np.pad(array, ((0, horizon - len(array)), (0, 0))) for array in arrays]
        return torch.from_numpy(np.stack(filled))

    return Batch(
        vlm=pad_rows([row.tokens for row in rows], processor),
        state=torch.from_numpy(np.stack([row.state for row in rows])),
        actions=padded([row.actions for row in rows]),
        action_mask=padded([row.mask for row in rows]),
        seeds=torch.tensor([row.seed for row in rows]),
        shared_seed=torch.tensor(shared_seed),
        origin=tuple(row.origin for row in rows),
        committed=torch.tensor([row.committed for row in rows]),
    )


def pad_rows(
    rows: Sequence[Tokens],
    processor: Processor,
    device: torch.device = CPU,
    dtype: torch.dtype = torch.float32,
) -> VLMInputs:
    """Right-padded, on `device`, pixels in `dtype`; all rows' patches in order. A row may have no image, and
    so may all."""
    length = max(len(row.ids) for row in rows)
    ids = torch.full((len(rows), length), padding_id(processor.tokenizer), dtype=torch.long)
    mask = torch.zeros((len(rows), length), dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, : len(row.ids)] = torch.tensor(row.ids)
        mask[i, : len(row.ids)] = 1
    images = [image for row in rows for image in row.images]
    grids = [grid for row in rows for grid in row.grids]
    pixels = pixel_values(images, grids, processor.spec, device, dtype)
    thw = torch.tensor([(1, *grid) for grid in grids], dtype=torch.long).view(-1, 3)
    return VLMInputs(ids.to(device), mask.to(device), pixels, thw.to(device))
