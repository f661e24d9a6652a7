"""Parts that no file has given: made from a seed, and named, so that nothing is re-initialised in silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """torch's random numbers on the CPU come from `seed` inside, and go on as before behind it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def groups(values: Mapping[str, Tensor]) -> tuple[str, ...]:
    """A line for each module of a model: "dit.*: 208 tensors, 268,652,544 parameters"."""
    modules: dict[str, list[int]] = {}
    for name, value in values.items():
        modules.setdefault(name.split(".")[0], []).append(value.numel())
    return tuple(
        f"{module}.*: {len(sizes)} tensor{'s' * (len(sizes) > 1)}, {sum(sizes):,} parameters"
        for module, sizes in modules.items()
    )
