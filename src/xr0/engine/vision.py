"""The vision tower over rows of views whose grids are known."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from xr0.engine.operations import Operations
from xr0.engine.places import Places
from xr0.engine.products import Product
from xr0.model import vlm
from xr0.model.prefill import ImageFeatures


class Block:
    """Attention within each view, then a perceptron."""

    def __init__(self, block: Any, operations: Operations) -> None:
        self._do = operations
        self.norm1, self.norm2 = block.norm1, block.norm2
        self.qkv, self.out = Product.of(block.attn.qkv), Product.of(block.attn.proj)
        self.up, self.down = Product.of(block.mlp.linear_fc1), Product.of(block.mlp.linear_fc2)
        self.up_bias: Tensor = block.mlp.linear_fc1.bias
        self.heads: int = block.attn.num_heads

    def __call__(self, x: Float[Tensor, "b p h"], places: Places) -> Float[Tensor, "b p h"]:
        """Same shape as x."""
        b, p, h = x.shape
        keys, values = x.new_empty(2, b, self.heads, p, h // self.heads).unbind(0)
        qkv = self.qkv.plain(self.norm1(x))
        query = self._do.heads(qkv, (keys, values), places.turned, bias=self.qkv.bias)
        views = zip(*(part.split(places.patches, dim=2) for part in (query, keys, values)), strict=True)
        seen = torch.cat([F.scaled_dot_product_attention(*view).transpose(1, 2) for view in views], dim=1)
        x = self._do.residual(x, self.out.plain(seen.flatten(2)), bias=self.out.bias)
        m = self._do.gelu(self.up.plain(self.norm2(x)), self.up_bias)
        return self._do.residual(x, self.down.plain(m), bias=self.down.bias)


class Merger:
    """Each merge x merge neighbourhood of patches to one token of the language model."""

    def __init__(self, merger: Any) -> None:
        self.norm: nn.LayerNorm = merger.norm
        self.first, self.second = Product.of(merger.linear_fc1), Product.of(merger.linear_fc2)
        self.active = merger.act_fn
        self.width: int = merger.linear_fc1.in_features

    def __call__(self, x: Float[Tensor, "b p h"]) -> Float[Tensor, "v o"]:
        """Whether a patch or its neighbourhood is normalised shows in the norm's width."""
        normal = self.norm(x.reshape(-1, self.norm.normalized_shape[0])).view(-1, self.width)
        return self.second(self.active(self.first(normal)))


class VisionTower:
    """Patches to the features of their views."""

    def __init__(self, model: vlm.Qwen3VL, operations: Operations) -> None:
        visual: Any = model.model.visual
        patch = visual.patch_embed.proj
        self.embed = Product(patch.weight.detach().flatten(1), patch.bias.detach())
        self.blocks = [Block(block, operations) for block in visual.blocks]
        self.merger = Merger(visual.merger)
        deep = zip(visual.deepstack_visual_indexes, visual.deepstack_merger_list, strict=True)
        self.deepstack = {index: Merger(merger) for index, merger in deep}

    def __call__(self, pixels: Float[Tensor, "b p c"], places: Places) -> ImageFeatures:
        """Rows in order, and in each its views."""
        x = self.embed(pixels) + places.embedded
        deepstack: list[Tensor] = []
        for i, block in enumerate(self.blocks):
            x = block(x, places)
            if i in self.deepstack:
                deepstack.append(self.deepstack[i](x))
        return ImageFeatures(self.merger(x), tuple(deepstack))
