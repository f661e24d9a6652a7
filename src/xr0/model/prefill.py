"""The VLM pass of an inference, layer by layer: what the action expert reads, and nothing more.

Of transformers' whole forward it leaves out the logits, the cache of the layers that are not read, and of the
last layer everything but its keys and values. `vlm.encode_whole` is the slow twin; the two agree bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from xr0.model import vlm
from xr0.types import Context, VLMInputs


@dataclass(frozen=True)
class Seen:
    """The vision tower's output, views in order: tokens, and what is added behind the first text layers."""

    tokens: Float[Tensor, "v h"]
    deepstack: tuple[Float[Tensor, "v h"], ...]


class TailCache:
    """Keys and values of the layers from `first` on, behind what transformers' attention calls."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.keys: list[Tensor] = []
        self.values: list[Tensor] = []

    def update(self, key: Tensor, value: Tensor, layer: int, *_: Any) -> tuple[Tensor, Tensor]:
        """Keep what the action expert will read; a prefill attends to its own keys and values only."""
        if layer >= self.first:
            self.keys.append(key)
            self.values.append(value)
        return key, value


def see(model: vlm.Qwen3VL, inputs: VLMInputs) -> Seen:
    """Run the vision tower; ValueError if the prompt has not exactly one place per token of a view."""
    config: Any = model.config
    places = int((inputs.input_ids == config.image_token_id).sum())
    tokens = int(inputs.image_grid_thw.prod(dim=1).sum()) // config.vision_config.spatial_merge_size**2
    if places != tokens:
        raise ValueError(
            f"prompt: has {places} places for image tokens, its {len(inputs.image_grid_thw)} views "
            f"make {tokens}"
        )
    return Seen(*vlm.vision_tower(model, inputs.pixel_values, inputs.image_grid_thw))


def read(model: vlm.Qwen3VL, inputs: VLMInputs, seen: Seen, layers: int) -> Context:
    """Run the language model over the tokens and what was seen; the context of its last `layers` layers."""
    text: Any = model.model.language_model
    image = inputs.input_ids == model.config.image_token_id
    hidden = text.embed_tokens(inputs.input_ids)
    hidden = hidden.masked_scatter(image[..., None], seen.tokens.to(hidden.dtype))
    positions = vlm.position_ids(model, inputs)
    table = text.rotary_emb(hidden, positions)
    mask = causal_mask(inputs.attention_mask)
    cache = TailCache(len(text.layers) - layers)
    for i, layer in enumerate(text.layers[:-1]):
        hidden = vlm.text_layer(layer, hidden, table, mask, cache)
        if i < len(seen.deepstack):
            hidden = _add_at(hidden, image, seen.deepstack[i])
    cache.update(*vlm.keys_and_values(text.layers[-1], hidden, table), len(text.layers) - 1)
    last = vlm.last_position(positions, inputs.attention_mask)
    return Context(tuple(cache.keys), tuple(cache.values), inputs.attention_mask.bool(), last)


def causal_mask(attention_mask: Int[Tensor, "b l"]) -> Bool[Tensor, "b 1 l l"] | None:
    """Who sees whom in the context; None where it is causal without padding: SDPA has a faster path for it.

    Nothing sees padding, but for padding before all else, which sees itself: an empty row has no softmax.
    """
    if bool(attention_mask.all()):
        return None
    length = attention_mask.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool, device=attention_mask.device).tril()
    itself = torch.eye(length, dtype=torch.bool, device=attention_mask.device)
    mask = causal & attention_mask.bool()[:, None, :]
    return (mask | (itself & ~mask.any(dim=-1, keepdim=True)))[:, None]


def _add_at(
    hidden: Float[Tensor, "b l h"], image: Bool[Tensor, "b l"], values: Float[Tensor, "v h"]
) -> Float[Tensor, "b l h"]:
    hidden = hidden.clone()
    hidden[image] = hidden[image] + values.to(hidden.dtype)
    return hidden
