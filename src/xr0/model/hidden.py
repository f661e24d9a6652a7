"""States inside the VLM: of embeddings that follow a context, and what chosen layers attend to in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from xr0.model import vlm
from xr0.types import VLMInputs


@dataclass(frozen=True)
class Attended:
    """What a layer's attention is given of the context: its normed input, and the rotary table."""

    states: Float[Tensor, "b l h"]
    table: tuple[Float[Tensor, "b l e"], Float[Tensor, "b l e"]]


@dataclass(frozen=True)
class Hidden:
    """States of a pass over [context | appended].

    appended: after the last layer. attended: of the layers that were asked for, in their order.
    """

    appended: Float[Tensor, "b a h"]
    attended: tuple[Attended, ...]


def hidden_after(
    model: vlm.Qwen3VL, inputs: VLMInputs, appended: Float[Tensor, "b a h"], layers: Sequence[int] = ()
) -> Hidden:
    """Hidden states of `appended` embeddings that follow the context, and what `layers` attend to in it.

    A layer is counted from 0, or from -1 backwards.
    """
    seen: dict[int, dict[str, Any]] = {}
    hooks = [
        _attention(model, layer).register_forward_pre_hook(
            lambda _, __, given, layer=layer: seen.update({layer: given}), with_kwargs=True
        )
        for layer in layers
    ]
    try:
        last = _run_after(model, inputs, appended)
    finally:
        for hook in hooks:
            hook.remove()
    length = inputs.input_ids.shape[1]
    return Hidden(last[:, length:], tuple(_of_context(seen[layer], length) for layer in layers))


def attention_logits(model: vlm.Qwen3VL, layer: int, head: int, given: Attended) -> Float[Tensor, "b l l"]:
    """What one head of a layer's attention computes before its mask and softmax, context against context."""
    attention = _attention(model, layer)
    size = attention.head_dim
    own, shared = head * size, head // attention.num_key_value_groups * size
    query = attention.q_norm(F.linear(given.states, attention.q_proj.weight[own : own + size]))[:, None]
    key = attention.k_norm(F.linear(given.states, attention.k_proj.weight[shared : shared + size]))[:, None]
    query, key = vlm.rotate(query, key, *given.table)
    return (query @ key.transpose(-1, -2))[:, 0] * attention.scaling


def _run_after(
    model: vlm.Qwen3VL, inputs: VLMInputs, appended: Float[Tensor, "b a h"]
) -> Float[Tensor, "b m h"]:
    """The last hidden states of a pass over [context | appended]."""
    batch, extra, _ = appended.shape
    positions = vlm.position_ids(model, inputs)
    start = vlm.last_position(positions, inputs.attention_mask) + 1
    following = start[:, None] + torch.arange(extra, device=start.device)
    embeddings = torch.cat([model.get_input_embeddings()(inputs.input_ids), appended], dim=1)
    ones = inputs.attention_mask.new_ones(batch, extra)
    return model.model(
        inputs_embeds=embeddings,
        attention_mask=torch.cat([inputs.attention_mask, ones], dim=1),
        position_ids=torch.cat([positions, following[None].expand(3, -1, -1)], dim=2),
        use_cache=False,
        **vlm.images(inputs),
    ).last_hidden_state


def _of_context(given: dict[str, Any], length: int) -> Attended:
    """The first `length` tokens of what an attention layer was called with."""
    cosine, sine = (table[:, :length] for table in given["position_embeddings"])
    return Attended(given["hidden_states"][:, :length], (cosine, sine))


def _attention(model: vlm.Qwen3VL, layer: int) -> Any:
    return cast(Any, model.model.language_model.layers)[layer].self_attn
