"""The language model over rows whose image tokens stand at known places, as far as anybody reads it."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from xr0.engine.operations import Memory, Operations, Table
from xr0.engine.places import Places
from xr0.engine.products import Product
from xr0.model import vlm
from xr0.model.prefill import ImageFeatures, Opening
from xr0.types import Context


class TextLayer:
    """One decoder layer; before: keys and values of the opening."""

    def __init__(self, layer: Any, before: Memory | None, operations: Operations) -> None:
        self._do, self.before = operations, before
        attention, mlp = layer.self_attn, layer.mlp
        self.norm1, self.norm2 = layer.input_layernorm, layer.post_attention_layernorm
        self.norms = (attention.q_norm.weight, attention.k_norm.weight)
        self.qkv = Product.of(attention.q_proj, attention.k_proj, attention.v_proj)
        self.out = Product.of(attention.o_proj)
        self.gate_up, self.down = Product.of(mlp.gate_proj, mlp.up_proj), Product.of(mlp.down_proj)
        self.keys_values = self.qkv.rows(attention.q_proj.out_features)
        self.head_dim: int = attention.head_dim
        self.shared: int = attention.k_proj.out_features // self.head_dim

    def __call__(
        self, x: Float[Tensor, "b l h"], table: Table, mask: Float[Tensor, "l m"]
    ) -> tuple[Float[Tensor, "b l h"], Memory]:
        """The tokens, and the keys and values of all, those of the opening first."""
        memory = self._room(x, mask.shape[1])
        query = self._heads(self.qkv(self._norm(x, self.norm1)), memory, table)
        x = self._do.residual(x, self.out(_attend(query, memory, mask)))
        return self._do.residual(
            x, self.down(self._do.swiglu(self.gate_up(self._norm(x, self.norm2))))
        ), memory

    def memory(self, x: Float[Tensor, "b l h"], table: Table, length: int) -> Memory:
        """Keys and values alone."""
        memory = self._room(x, length)
        self._heads(self.keys_values(self._norm(x, self.norm1)), memory, table)
        return memory

    def _heads(self, qkv: Tensor, memory: Memory, table: Table) -> Tensor:
        return self._do.heads(qkv, memory, table, self.norms, eps=self.norm1.variance_epsilon)

    def _norm(self, x: Tensor, norm: Any) -> Tensor:
        return self._do.norm(x, norm.weight, norm.variance_epsilon)

    def _room(self, x: Tensor, length: int) -> Memory:
        keys, values = x.new_empty(2, len(x), self.shared, length, self.head_dim).unbind(0)
        if self.before is not None:
            for room, opening in zip((keys, values), self.before, strict=True):
                room[:, :, : opening.shape[2]] = opening
        return keys, values


class LanguageModel:
    """Tokens behind the opening, and image features, to the context of the last `layers` layers."""

    def __init__(
        self, model: vlm.Qwen3VL, layers: int, opening: Opening | None, operations: Operations
    ) -> None:
        text: Any = model.model.language_model
        self.embed = text.embed_tokens
        self.done = 0 if opening is None else len(opening.ids)
        before: list[Memory | None] = [None] * len(text.layers)
        if opening is not None:
            before = list(zip(opening.keys, opening.values, strict=True))
        pairs = zip(text.layers, before, strict=True)
        self.layers = [TextLayer(layer, memory, operations) for layer, memory in pairs]
        self.first = len(self.layers) - layers

    def __call__(
        self, ids: Int[Tensor, "b l"], lengths: Int[Tensor, " b"], features: ImageFeatures, places: Places
    ) -> Context:
        """lengths: of each row with its opening; what is padded behind it is seen by nobody."""
        batch, new = ids.shape
        length = self.done + new
        table, mask = (places.text[0][:new], places.text[1][:new]), places.causal[:new, :length]
        x = self.embed(ids).index_copy_(1, places.image, _by_row(features.tokens, batch))
        memories: list[Memory] = []
        for i, layer in enumerate(self.layers[:-1]):
            x, memory = layer(x, table, mask)
            memories.append(memory)
            if i < len(features.deepstack):
                x.index_add_(1, places.image, _by_row(features.deepstack[i], batch))
        memories.append(self.layers[-1].memory(x, table, length))
        keys, values = zip(*memories[self.first :], strict=True)
        seen = torch.arange(length, device=ids.device) < lengths[:, None]
        return Context(keys, values, seen, places.highest[lengths - 1])


def _attend(
    query: Float[Tensor, "b n l e"], memory: Memory, mask: Float[Tensor, "l m"]
) -> Float[Tensor, "b l w"]:
    """Query heads that share a key head attend as further rows: no key is repeated."""
    keys, values = memory
    groups, length = query.shape[1] // keys.shape[1], query.shape[2]
    rows = query.unflatten(1, (-1, groups)).flatten(2, 3)
    out = F.scaled_dot_product_attention(rows, keys, values, attn_mask=mask.repeat(groups, 1))
    return out.unflatten(2, (groups, length)).permute(0, 3, 1, 2, 4).flatten(2)


def _by_row(features: Float[Tensor, "v h"], batch: int) -> Float[Tensor, "b n h"]:
    return features.unflatten(0, (batch, -1))
