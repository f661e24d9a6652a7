"""The VLM pass of an inference, layer by layer: what the action expert reads, and nothing more.

Of transformers' whole forward it leaves out the logits, the cache of the layers that are not read, and of the
last layer everything but its keys and values. `vlm.encode_whole` is the slow twin; the two agree bit for bit.
What all prompts begin with can be read once for all (`Opening`); then they agree to rounding.
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
class ImageFeatures:
    """The vision tower's output, views in order: tokens, and what is added behind the first text layers."""

    tokens: Float[Tensor, "v h"]
    deepstack: tuple[Float[Tensor, "v h"], ...]


@dataclass(frozen=True)
class Opening:
    """What every prompt of a robot begins with, before its first view: token ids [n], and the keys and values
    of all layers, [1 k n e] each. What comes later cannot change them, so they are computed once."""

    ids: Int[Tensor, " n"]
    keys: tuple[Float[Tensor, "1 k n e"], ...]
    values: tuple[Float[Tensor, "1 k n e"], ...]


class TailCache:
    """Keys and values of the layers from `first` on, behind what transformers' attention calls.

    A layer that runs again (gradient checkpointing) is not kept twice.
    """

    def __init__(self, first: int, opening: Opening | None) -> None:
        self.first, self.opening = first, opening
        self.keys: dict[int, Tensor] = {}
        self.values: dict[int, Tensor] = {}

    def update(self, key: Tensor, value: Tensor, layer: int, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """What this layer attends to; kept if the action expert will read it."""
        if self.opening is not None:
            key = torch.cat([self.opening.keys[layer].expand(len(key), -1, -1, -1), key], dim=2)
            value = torch.cat([self.opening.values[layer].expand(len(value), -1, -1, -1), value], dim=2)
        if layer >= self.first:
            self.keys[layer] = key
            self.values[layer] = value
        return key, value


def encode_images(model: vlm.Qwen3VL, inputs: VLMInputs) -> ImageFeatures:
    """Run the vision tower; ValueError if the prompt has not exactly one place per token of a view."""
    config: Any = model.config
    places = int((inputs.input_ids == config.image_token_id).sum())
    tokens = int(inputs.image_grid_thw.prod(dim=1).sum()) // config.vision_config.spatial_merge_size**2
    if places != tokens:
        raise ValueError(
            f"prompt: has {places} places for image tokens, its {len(inputs.image_grid_thw)} views "
            f"make {tokens}"
        )
    return ImageFeatures(*vlm.vision_tower(model, inputs.pixel_values, inputs.image_grid_thw))


def encode_opening(model: vlm.Qwen3VL, ids: Int[Tensor, " n"]) -> Opening:
    """Run the language model over the tokens before the first view."""
    hidden = ids.new_zeros(0, vlm.text_size(model), dtype=model.dtype)
    none = ids.new_zeros(0, 3)
    inputs = VLMInputs(ids[None], torch.ones_like(ids)[None], hidden, none)
    layers = len(model.model.language_model.layers)
    context = encode_context(model, inputs, ImageFeatures(hidden, ()), layers, None)
    return Opening(ids, context.keys, context.values)


def encode_context(
    model: vlm.Qwen3VL, inputs: VLMInputs, features: ImageFeatures, layers: int, opening: Opening | None
) -> Context:
    """Run the language model over the tokens and the image features; the context of its last `layers` layers.

    With an opening, only over what follows it. ValueError if a row does not begin with it.
    """
    text: Any = model.model.language_model
    done = 0 if opening is None else _length(opening, inputs)
    ids = inputs.input_ids[:, done:]
    image = ids == model.config.image_token_id
    hidden = text.embed_tokens(ids)
    hidden = hidden.masked_scatter(image[..., None], features.tokens.to(hidden.dtype))
    positions = vlm.position_ids(model, inputs)
    table = text.rotary_emb(hidden, positions[..., done:])
    mask = causal_mask(inputs.attention_mask, done)
    cache = TailCache(len(text.layers) - layers, opening)
    for i, layer in enumerate(text.layers[:-1]):
        hidden = vlm.text_layer(layer, hidden, table, mask, cache)
        if i < len(features.deepstack):
            hidden = _add_at(hidden, image, features.deepstack[i])
    cache.update(*vlm.keys_and_values(text.layers[-1], hidden, table), len(text.layers) - 1)
    last = vlm.last_position(positions, inputs.attention_mask)
    keys, values = tuple(cache.keys.values()), tuple(cache.values.values())
    return Context(keys, values, inputs.attention_mask.bool(), last)


def causal_mask(attention_mask: Int[Tensor, "b l"], done: int) -> Bool[Tensor, "b 1 q l"] | None:
    """Who sees whom in the context; None where it is causal without padding: SDPA has a faster path for it.

    Only the rows from `done` on. Nothing sees padding, but for padding before all else, which sees itself: an
    empty row has no softmax.
    """
    if done == 0 and bool(attention_mask.all()):
        return None
    length = attention_mask.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool, device=attention_mask.device).tril()
    itself = torch.eye(length, dtype=torch.bool, device=attention_mask.device)
    mask = causal & attention_mask.bool()[:, None, :]
    return (mask | (itself & ~mask.any(dim=-1, keepdim=True)))[:, None, done:]


def _length(opening: Opening, inputs: VLMInputs) -> int:
    """Of the opening, which every row must begin with, unpadded."""
    done = len(opening.ids)
    same = inputs.input_ids[:, :done] == opening.ids
    if same.shape[1] != done or not bool((same & inputs.attention_mask[:, :done].bool()).all()):
        raise ValueError(f"prompt: does not begin with the {done} tokens of this robot's prompts")
    return done


def _add_at(
    hidden: Float[Tensor, "b l h"], image: Bool[Tensor, "b l"], values: Float[Tensor, "v h"]
) -> Float[Tensor, "b l h"]:
    hidden = hidden.clone()
    hidden[image] = hidden[image] + values.to(hidden.dtype)
    return hidden
