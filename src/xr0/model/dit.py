"""The cerebellum: an AdaLN transformer over [sink, state, actions] that reads the VLM's keys and values.

One layer, with (shift, scale, gate) twice from the time embedding (released modeling_mibot.py):

    a = Attention(RMS_input(x) * (1 + scale1) + shift1)        x <- RMS_middle(x + gate1 * a)
    m = SwiGLU(RMS_post(x) * (1 + scale2) + shift2)            x <- RMS_final(x + gate2 * m)

Module and parameter names are those of the released checkpoints.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from xr0.config import RMS_EPS, TIME_FREQUENCIES, TIME_MAX_PERIOD, TIME_SCALE, DiTConfig
from xr0.model.positions import rotate

MLP_RATIO = 4
"""Feed-forward width over hidden width (released modeling file)."""

MODULATIONS = 6
"""Shift, scale and gate, for attention and for the feed-forward."""

Table = tuple[Float[Tensor, "b 1 q e"], Float[Tensor, "b 1 q e"]]


class RMSNorm(nn.Module):
    """Root-mean-square norm in float32, as Qwen's."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x: Float[Tensor, "... c"]) -> Float[Tensor, "... c"]:
        """Same shape and dtype as x."""
        wide = x.float()
        wide = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + RMS_EPS)
        return self.weight * wide.to(x.dtype)


class Attention(nn.Module):
    """Joint attention over the context's keys and values and the tokens' own."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        self.num_heads, self.head_dim = config.num_heads, config.head_dim
        self.qkv_proj = nn.Linear(config.hidden_size, 3 * config.hidden_size)
        self.o_proj = nn.Linear(config.hidden_size, config.hidden_size, bias=False)
        self.q_norm = RMSNorm(config.head_dim)
        self.k_norm = RMSNorm(config.head_dim)

    def forward(
        self,
        x: Float[Tensor, "b q c"],
        table: Table,
        context_key: Float[Tensor, "b n l e"],
        context_value: Float[Tensor, "b n l e"],
        mask: Bool[Tensor, "b 1 q l+q"],
    ) -> Float[Tensor, "b q c"]:
        """The context comes first on the key axis, with as many heads as the queries."""
        b, q, c = x.shape
        qkv = self.qkv_proj(x).view(b, q, 3, self.num_heads, self.head_dim).permute(2, 0, 3, 1, 4)
        query, key, value = self.q_norm(qkv[0]), self.k_norm(qkv[1]), qkv[2]
        query, key = rotate(query, table).to(x.dtype), rotate(key, table).to(x.dtype)
        key = torch.cat([context_key, key], dim=2)
        value = torch.cat([context_value, value], dim=2)
        out = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return self.o_proj(out.transpose(1, 2).reshape(b, q, c))


class SwiGLU(nn.Module):
    """down(silu(gate(x)) * up(x)), without biases."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(size, MLP_RATIO * size, bias=False)
        self.up_proj = nn.Linear(size, MLP_RATIO * size, bias=False)
        self.down_proj = nn.Linear(MLP_RATIO * size, size, bias=False)

    def forward(self, x: Float[Tensor, "b q c"]) -> Float[Tensor, "b q c"]:
        """Same shape as x."""
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    """The two equations above."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        size = config.hidden_size
        self.attn = Attention(config)
        self.mlp = SwiGLU(size)
        self.input_layernorm = RMSNorm(size)
        self.middle_layernorm = RMSNorm(size)
        self.post_layernorm = RMSNorm(size)
        self.final_layernorm = RMSNorm(size)
        self.adaln_table = nn.Parameter(torch.randn(MODULATIONS, size) / math.sqrt(size))

    def forward(
        self,
        x: Float[Tensor, "b q c"],
        modulation: Float[Tensor, "b 6 c"],
        table: Table,
        context_key: Float[Tensor, "b n l e"],
        context_value: Float[Tensor, "b n l e"],
        mask: Bool[Tensor, "b 1 q l+q"],
    ) -> Float[Tensor, "b q c"]:
        """Same shape as x."""
        shift1, scale1, gate1, shift2, scale2, gate2 = (self.adaln_table + modulation).unsqueeze(2).unbind(1)
        a = self.attn(
            self.input_layernorm(x) * (1 + scale1) + shift1, table, context_key, context_value, mask
        )
        x = self.middle_layernorm(x + gate1 * a)
        m = self.mlp(self.post_layernorm(x) * (1 + scale2) + shift2)
        return self.final_layernorm(x + gate2 * m)


class DiT(nn.Module):
    """The stack."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_layers))

    def stack(self) -> list[Layer]:
        """Its layers, by their type."""
        return [layer for layer in self.layers if isinstance(layer, Layer)]

    def forward(
        self,
        x: Float[Tensor, "b q c"],
        modulation: Float[Tensor, "b 6 c"],
        table: Table,
        keys: tuple[Float[Tensor, "b n l e"], ...],
        values: tuple[Float[Tensor, "b n l e"], ...],
        mask: Bool[Tensor, "b 1 q l+q"],
    ) -> Float[Tensor, "b q c"]:
        """Layer i reads the i-th of the context's keys and values."""
        for layer, key, value in zip(self.layers, keys, values, strict=True):
            x = layer(x, modulation, table, key, value, mask)
        return x


class TimeEmbedder(nn.Module):
    """Flow time to a vector: sinusoids (cosines first), then two linear maps."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(TIME_FREQUENCIES, size, bias=False), nn.SiLU(), nn.Linear(size, size, bias=False)
        )

    def forward(self, t: Float[Tensor, " b"]) -> Float[Tensor, "b c"]:
        """t in [0, 1], in the model's dtype; the sinusoids are formed in float32."""
        half = TIME_FREQUENCIES // 2
        exponent = torch.arange(half, dtype=torch.float32, device=t.device) / half
        frequency = torch.exp(-math.log(TIME_MAX_PERIOD) * exponent)
        angle = (t * TIME_SCALE).float()[:, None] * frequency[None]
        sinusoid = torch.cat([angle.cos(), angle.sin()], dim=-1)
        return self.mlp(sinusoid.to(t.dtype))


class Projector(nn.Module):
    """A two-layer perceptron without biases, under the released name `layers`."""

    def __init__(self, size_in: int, size_hidden: int, size_out: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(size_in, size_hidden, bias=False),
            nn.GELU(approximate="tanh"),
            nn.Linear(size_hidden, size_out, bias=False),
        )

    def forward(self, x: Float[Tensor, "... i"]) -> Float[Tensor, "... o"]:
        """Applied to the last axis."""
        return self.layers(x)


class TimeProjector(nn.Module):
    """Time vector to the six modulations that all layers share."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(size, MODULATIONS * size))

    def forward(self, embedded: Float[Tensor, "b c"]) -> Float[Tensor, "b 6 c"]:
        """Rows in the order shift1, scale1, gate1, shift2, scale2, gate2."""
        return self.layers(embedded).view(len(embedded), MODULATIONS, -1)
