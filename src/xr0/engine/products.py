"""Matrix products with a layer's weights: of several layers at once, and as this CPU does them fastest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from xr0.engine import kernels

WIDENED = 1 << 20
"""Weights of a block that is widened to float32 at a time: 4 MB, which stay in the cache."""


@dataclass(frozen=True)
class Product:
    """x W^T + b, rounded once to x's dtype; W may be that of several layers, one below the other."""

    weight: Float[Tensor, "o i"]
    bias: Float[Tensor, " o"] | None = None
    panels: Float[Tensor, "j i 16"] | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "panels", kernels.packed(self.weight))

    @staticmethod
    def of(*layers: nn.Linear) -> Product:
        """One product for layers that read the same input. They keep their weights as views of the product's,
        so nothing is held twice."""
        if len(layers) == 1:
            return Product(layers[0].weight.detach(), _detached(layers[0].bias))
        weight = torch.cat([layer.weight.detach() for layer in layers])
        sizes = [layer.out_features for layer in layers]
        for layer, part in zip(layers, weight.split(sizes), strict=True):
            layer.weight.data = part
        return Product(weight, _joined([_detached(layer.bias) for layer in layers]))

    def rows(self, first: int) -> Product:
        """The part behind `first` of what it makes."""
        return Product(self.weight[first:], None if self.bias is None else self.bias[first:])

    def plain(self, x: Float[Tensor, "... i"]) -> Float[Tensor, "... o"]:
        """Without its bias, which is added with what comes next."""
        return self._of(x, None)

    def __call__(self, x: Float[Tensor, "... i"]) -> Float[Tensor, "... o"]:
        """The product."""
        return self._of(x, self.bias)

    def _of(self, x: Tensor, bias: Tensor | None) -> Tensor:
        if self.panels is not None and torch.get_num_threads() == 1:
            return kernels.product(x, self.panels, bias)
        if x.dtype == torch.bfloat16 and x.device.type == "cpu" and not bfloat16_units():
            return widened(x, self.weight, bias)
        return F.linear(x, self.weight, bias)


@cache
def bfloat16_units() -> bool:
    """Whether this CPU multiplies bfloat16 by itself; PyTorch's products are eight times slower where not."""
    return torch.ops.mkldnn._is_mkldnn_bf16_supported()


def widened(
    x: Float[Tensor, "... i"], weight: Float[Tensor, "o i"], bias: Float[Tensor, " o"] | None
) -> Float[Tensor, "... o"]:
    """The product in float32, a block of weights at a time; only its result is rounded."""
    rows = x.reshape(-1, x.shape[-1]).float()
    out = rows.new_empty(len(rows), len(weight))
    block = max(1, WIDENED // weight.shape[1])
    wide = rows.new_empty(min(block, len(weight)), weight.shape[1])
    for part, target in zip(weight.split(block), out.split(block, dim=1), strict=True):
        torch.mm(rows, wide[: len(part)].copy_(part).t(), out=target)
    if bias is not None:
        out += bias
    return out.to(x.dtype).view(*x.shape[:-1], -1)


def _detached(bias: Tensor | None) -> Tensor | None:
    return None if bias is None else bias.detach()


def _joined(biases: Sequence[Tensor | None]) -> Tensor | None:
    """ValueError where some layers have one and some have none."""
    given = [bias for bias in biases if bias is not None]
    if len(given) not in (0, len(biases)):
        raise ValueError(f"product: {len(given)} of {len(biases)} layers have a bias, expected all or none")
    return torch.cat(given) if given else None
