"""How many bytes autograd keeps of a layer's forward for its backward: counted from shapes, nothing is run.

The layer itself is called under autocast with tensors that have shapes and no memory. Of a call with one row
and one with two the difference is a row's: what is kept of the weights falls out.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd.graph import saved_tensors_hooks

from xr0.config import ModelConfig
from xr0.model import prefill, vlm
from xr0.model.dit import MODULATIONS, Layer
from xr0.model.masks import LEADING_TOKENS

VISION_BYTES = 34
"""Per token and hidden number of a block in 16 bit: its matrix products' inputs and outputs (Korthikanti et
al., arXiv 2205.05198, without dropout and attention scores)."""

Call = Callable[[int], Tensor]
"""A layer's output for so many rows."""


def of_dit_layer(config: ModelConfig, tokens: int, horizon: int, bf16: bool) -> int:
    """Per row of `horizon` ticks that read a context of `tokens` tokens."""
    dit, queries = config.dit, LEADING_TOKENS + horizon
    with FakeTensorMode():
        layer, stored = Layer(dit), torch.bfloat16 if bf16 else torch.float32

        def call(rows: int) -> Tensor:
            context = torch.zeros(rows, dit.num_heads, tokens, dit.head_dim, dtype=stored)
            table = torch.zeros(rows, 1, queries, dit.head_dim)
            x = torch.zeros(rows, queries, dit.hidden_size, requires_grad=True)
            modulation = torch.zeros(rows, MODULATIONS, dit.hidden_size, dtype=stored, requires_grad=True)
            mask = torch.ones(rows, 1, queries, tokens + queries, dtype=torch.bool)
            return layer(x, modulation, (table, table), context, context.clone(), mask)

        return _per_row(call, bf16)


def of_text_layer(config: ModelConfig, tokens: int, bf16: bool) -> int:
    """Per row of `tokens` tokens of the language model."""
    shallow = copy.deepcopy(config.vlm)
    shallow["text_config"]["num_hidden_layers"] = 1
    shallow["vision_config"] |= {"depth": 1, "deepstack_visual_indexes": []}
    size, head = config.vlm["text_config"]["hidden_size"], config.vlm["text_config"]["head_dim"]
    with FakeTensorMode():
        language: Any = vlm.build(shallow).model.language_model
        layer, stored = language.layers[0], torch.bfloat16 if bf16 else torch.float32

        def call(rows: int) -> Tensor:
            hidden = torch.zeros(rows, tokens, size, dtype=stored, requires_grad=True)
            table = torch.zeros(rows, tokens, head, dtype=stored)
            return vlm.text_layer(layer, hidden, (table, table), None, prefill.TailCache(1, None))

        return _per_row(call, bf16)


def of_vision_block(config: ModelConfig, patches: int, bf16: bool) -> int:
    """Per view of `patches` patches."""
    return VISION_BYTES * (1 if bf16 else 2) * config.vlm["vision_config"]["hidden_size"] * patches


def _per_row(call: Call, bf16: bool) -> int:
    return _kept(call, 2, bf16) - _kept(call, 1, bf16)


def _kept(call: Call, rows: int, bf16: bool) -> int:
    storages: dict[int, int] = {}
    alive: list[Tensor] = []  # a storage's address may be used again once it is gone

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        storages[storage._cdata] = storage.nbytes()
        alive.append(tensor)
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor), torch.autocast("cpu", torch.bfloat16, bf16):
        alive.append(call(rows))
    return sum(storages.values())
