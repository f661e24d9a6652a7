"""Which episodes are trained on, and which are held out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

VALIDATION_SHARE = 0.03
"""Of the episodes, and at least one; never trained on."""

SPLIT_SEED = 0
"""Of the train/validation split, the same for all stages."""


def split_episodes(count: int, validation_share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Episode numbers for training and validation, each sorted; the same seed gives the same split."""
    if not 0.0 <= validation_share < 1.0:
        raise ValueError(f"split: got a validation share of {validation_share}, expected 0 <= share < 1")
    order = np.random.default_rng(seed).permutation(count)
    held_out = round(count * validation_share)
    return np.sort(order[held_out:]), np.sort(order[:held_out])


def hold_out(count: int, named: Sequence[int] | None, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Training and validation episodes of a dataset: the `named` ones are held out, else a share of all.

    ValueError, beginning with `where`, if one of the two would be empty or an episode does not exist.
    """
    if count < 2:
        raise ValueError(f"{where}: got {count} episode, expected at least 2: one is held out")
    if named is None:
        return split_episodes(count, max(VALIDATION_SHARE, 1.0 / count), SPLIT_SEED)
    held = np.unique(np.array(named, dtype=np.int64))
    if len(held) == 0 or held[0] < 0 or held[-1] >= count or len(held) == count:
        raise ValueError(
            f"{where}: got validation episodes {list(named)}, expected some, not all, of 0 to {count - 1}"
        )
    return np.setdiff1d(np.arange(count), held), held
