"""The average of the weights over the last steps, which is what is validated and exported.

average <- decay * average + (1 - decay) * weights
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class EMA:
    """Of the parameters that are trained, sharded as they are. decay 0: the weights themselves."""

    def __init__(self, stage: nn.Module, decay: float) -> None:
        self.decay = decay
        self._weights = {n: p for n, p in stage.named_parameters() if p.requires_grad and decay > 0}
        self.averages: dict[str, Tensor] = {n: p.detach().clone() for n, p in self._weights.items()}

    @torch.no_grad()
    def update(self) -> None:
        """After an optimiser step."""
        for name, weight in self._weights.items():
            self.averages[name].lerp_(weight, 1.0 - self.decay)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The stage has the averages inside, its own weights again after."""
        self._exchange()
        try:
            yield
        finally:
            self._exchange()

    @torch.no_grad()
    def settle(self) -> None:
        """Give the stage the averages for good."""
        for name, weight in self._weights.items():
            weight.copy_(self.averages[name])

    @torch.no_grad()
    def _exchange(self) -> None:
        for name, weight in self._weights.items():
            mine = weight.detach().clone()
            weight.copy_(self.averages[name])
            self.averages[name].copy_(mine)
