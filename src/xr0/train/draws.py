"""Randomness of a sample, from its own seed and on the CPU: the same on any process and device, in any batch.

What is drawn first never depends on how much is drawn: with the ticks in front, a sample has the same noise
whatever the length of the batch that it is padded to.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

NOISE, TIME, PREFIX, HIDDEN, STRAY = range(5)
"""What is drawn; each from a stream of its own."""


def normal(seeds: Int[Tensor, " b"], stream: int, shape: Sequence[int]) -> Float[Tensor, "b ..."]:
    """Standard normal numbers of `shape` for each seed, float32 on the seeds' device."""
    rows = [_generator(seed, stream).standard_normal(shape, np.float32) for seed in seeds.tolist()]
    return torch.from_numpy(np.stack(rows)).to(seeds.device)


def uniform(seeds: Int[Tensor, " b"], stream: int, shape: Sequence[int]) -> Float[Tensor, "b ..."]:
    """Uniform numbers in [0, 1) of `shape` for each seed, float32 on the seeds' device."""
    rows = [_generator(seed, stream).random(shape, np.float32) for seed in seeds.tolist()]
    return torch.from_numpy(np.stack(rows)).to(seeds.device)


def uniform_of(seed: int, stream: int) -> float:
    """The first of `uniform`'s numbers for one seed."""
    return float(_generator(seed, stream).random((), np.float32))


def _generator(seed: int, stream: int) -> np.random.Generator:
    return np.random.default_rng([stream, seed])
