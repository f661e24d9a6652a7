"""What stands between two matrix products, in PyTorch. `kernels` has the same, compiled, for a CPU."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

Table = tuple[Float[Tensor, "_ _"], Float[Tensor, "_ _"]]
"""Rotary cosines [p e], and sines with the sign in them, s = [-sin, sin]: x cos + swap(x) s, halves swapped.
Token t of a batch, rows in order, has row t % p."""

Memory = tuple[Float[Tensor, "_ _ _ _"], Float[Tensor, "_ _ _ _"]]
"""Keys and values [b k m e] that a layer's tokens attend to, their own last."""

Norms = tuple[Tensor, Tensor]
"""Weights of the RMSNorms of queries and keys [e]."""


@runtime_checkable  # hints are checked in tests
class Operations(Protocol):
    """Each in one pass over its operands, where it is compiled."""

    def norm(self, x: Float[Tensor, "b q c"], weight: Float[Tensor, " c"], eps: float) -> Tensor:
        """RMSNorm."""
        ...

    def residual(
        self,
        x: Float[Tensor, "b q c"],
        a: Float[Tensor, "b q c"],
        gate: Float[Tensor, " c"] | None = None,
        bias: Float[Tensor, " c"] | None = None,
        middle: Float[Tensor, " c"] | None = None,
        eps: float = 0.0,
    ) -> Float[Tensor, "b q c"]:
        """x + gate a, or x + (a + bias), then RMSNorm by `middle`."""
        ...

    def gelu(self, x: Float[Tensor, "b q c"], bias: Float[Tensor, " c"]) -> Float[Tensor, "b q c"]:
        """GELU by tanh, bias added before."""
        ...

    def swiglu(
        self, both: Float[Tensor, "b q 2*c"], bias: Float[Tensor, " 2*c"] | None = None
    ) -> Float[Tensor, "b q c"]:
        """silu(gate) * up of [gate | up], bias added before."""
        ...

    def heads(
        self,
        qkv: Float[Tensor, "b q w"],
        memory: Memory,
        table: Table,
        norms: Norms | None = None,
        bias: Float[Tensor, " w"] | None = None,
        eps: float = 0.0,
    ) -> Float[Tensor, "b n q e"]:
        """Queries of [queries | keys | values], normalised and rotated; keys and values go into the last q
        rows of `memory`."""
        ...


class TorchOperations:
    """On any device, in any dtype."""

    def norm(self, x: Tensor, weight: Tensor, eps: float) -> Tensor:
        """See `Operations`."""
        return F.rms_norm(x, x.shape[-1:], weight, eps)

    def residual(
        self,
        x: Tensor,
        a: Tensor,
        gate: Tensor | None = None,
        bias: Tensor | None = None,
        middle: Tensor | None = None,
        eps: float = 0.0,
    ) -> Tensor:
        """See `Operations`."""
        y = x + (a if bias is None else a + bias) if gate is None else torch.addcmul(x, gate, a)
        return y if middle is None else self.norm(y, middle, eps)

    def gelu(self, x: Tensor, bias: Tensor) -> Tensor:
        """See `Operations`."""
        return F.gelu(x + bias, approximate="tanh")

    def swiglu(self, both: Tensor, bias: Tensor | None = None) -> Tensor:
        """See `Operations`."""
        gate, up = (both if bias is None else both + bias).chunk(2, dim=-1)
        return F.silu(gate) * up

    def heads(
        self,
        qkv: Tensor,
        memory: Memory,
        table: Table,
        norms: Norms | None = None,
        bias: Tensor | None = None,
        eps: float = 0.0,
    ) -> Tensor:
        """See `Operations`."""
        keys, values = memory
        batch, q, _ = qkv.shape
        k, e = keys.shape[1], keys.shape[3]
        split = (qkv if bias is None else qkv + bias).unflatten(-1, (-1, e))
        query, key, value = split.split([split.shape[2] - 2 * k, k, k], dim=2)
        if norms is not None:
            query, key = self.norm(query, norms[0], eps), self.norm(key, norms[1], eps)
        by_row = [part.view(-1, q, 1, e).expand(batch, -1, -1, -1) for part in table]
        keys[:, :, -q:] = _rotated(key, *by_row).transpose(1, 2)
        values[:, :, -q:] = value.transpose(1, 2)
        return _rotated(query, *by_row).transpose(1, 2)


def signed(cosine: Tensor, sine: Tensor) -> tuple[Tensor, Tensor]:
    """A table [... e] from one whose sines have the same halves."""
    first, second = sine.chunk(2, dim=-1)
    return cosine.contiguous(), torch.cat([-first, second], dim=-1)


def _rotated(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    return torch.addcmul(x * cosine, x.roll(x.shape[-1] // 2, -1), sine).to(x.dtype)
