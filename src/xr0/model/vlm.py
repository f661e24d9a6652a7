"""The brain: transformers' own Qwen3-VL, and the few things we ask of it. Nothing else touches that library.

Works on transformers 4.57.1 to 5.x; each place where they differ says so.
"""

from __future__ import annotations

import copy
import inspect
from typing import Any, cast

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from transformers import DynamicCache, Qwen3VLConfig, Qwen3VLForConditionalGeneration
from transformers.cache_utils import DynamicLayer
from transformers.models.qwen3_vl.modeling_qwen3_vl import apply_rotary_pos_emb

from xr0.model.positions import inverse_frequencies
from xr0.types import Context, VLMInputs

Qwen3VL = Qwen3VLForConditionalGeneration
rotate = apply_rotary_pos_emb
"""(query, key, cosine, sine) to query and key at their positions."""

VISION_THETA = 10_000.0
"""Base of the vision tower's rotary frequencies (Qwen3-VL)."""

CACHE = "cache" if "cache" in inspect.signature(Qwen3VL.forward).parameters else "past_key_values"
"""What the keys and values of a pass are called: `past_key_values` until transformers 5.23."""

PADDING_POSITION = 1
"""What transformers 4.57 gives to padding (5.x gives 0); nothing attends to it."""


def build(vlm: dict[str, Any]) -> Qwen3VL:
    """A Qwen3-VL with random weights, attending with PyTorch's SDPA. `vlm`: Qwen3VLConfig's arguments."""
    config = Qwen3VLConfig(**copy.deepcopy(vlm))  # transformers 5.x writes into what it is given
    model = Qwen3VLForConditionalGeneration._from_config(config, attn_implementation="sdpa")
    tie(model)
    return model


def tie(model: Qwen3VL) -> None:
    """Make the output head the input embedding (again, after weights were assigned), where the config says
    that they are one."""
    if model.config.tie_word_embeddings:
        model.lm_head.weight = cast(torch.nn.Embedding, model.get_input_embeddings()).weight


def text_size(model: Qwen3VL) -> int:
    """Width of the language model."""
    return cast(torch.nn.Embedding, model.get_input_embeddings()).embedding_dim


def position_ids(model: Qwen3VL, inputs: VLMInputs) -> Int[Tensor, "3 b l"]:
    """M-RoPE positions (time, height, width) of every token."""
    accepted = inspect.signature(model.model.get_rope_index).parameters
    arguments: dict[str, Any] = {
        "input_ids": inputs.input_ids,
        "image_grid_thw": inputs.image_grid_thw if len(inputs.image_grid_thw) else None,
        "attention_mask": inputs.attention_mask,
    }
    if "mm_token_type_ids" in accepted:  # transformers 5.x
        arguments["mm_token_type_ids"] = (inputs.input_ids == model.config.image_token_id).int()
    positions, _ = model.model.get_rope_index(**arguments)
    return positions.masked_fill(inputs.attention_mask[None] == 0, PADDING_POSITION)


def last_position(positions: Int[Tensor, "3 b l"], mask: Int[Tensor, "b l"]) -> Int[Tensor, " b"]:
    """The largest position of each row; what follows the context starts one after it."""
    return positions.masked_fill(mask[None] == 0, 0).amax(dim=(0, 2))


def encode_whole(model: Qwen3VL, inputs: VLMInputs, layers: int) -> Context:
    """transformers' own pass over the observation, logits and all; its cache is cut to the last `layers`.

    The slow twin of `prefill`.
    """
    positions = position_ids(model, inputs)
    cache = DynamicCache()
    model(
        input_ids=inputs.input_ids,
        attention_mask=inputs.attention_mask,
        position_ids=positions,
        use_cache=True,
        **{CACHE: cache},
        **images(inputs),
    )
    read = cast(list[DynamicLayer], cache.layers[-layers:])
    return Context(
        tuple(_present(layer.keys) for layer in read),
        tuple(_present(layer.values) for layer in read),
        inputs.attention_mask.bool(),
        last_position(positions, inputs.attention_mask),
    )


def vision_tower(
    model: Qwen3VL, pixels: Float[Tensor, "p c"], grids: Int[Tensor, "v 3"]
) -> tuple[Float[Tensor, "m h"], tuple[Float[Tensor, "m h"], ...]]:
    """Merged tokens of all views in order, and the deepstack features."""
    visual: Any = model.model.visual
    out = visual(pixels, grid_thw=grids)
    if isinstance(out, tuple):  # transformers 4.57
        tokens, deepstack = out
    else:
        tokens, deepstack = out.pooler_output, out.deepstack_features
    return tokens, tuple(deepstack)


def vision_constants(
    model: Qwen3VL, grids: Int[Tensor, "v 3"]
) -> tuple[Float[Tensor, "p h"], Float[Tensor, "p e"], Float[Tensor, "p e"]]:
    """What the vision tower adds to the patches of views of these grids, and the cosines and sines by which
    it rotates their queries and keys. Read off its first block, before which it is stopped."""
    visual: Any = model.model.visual

    def blank(_module: Any, _given: Any, patches: Tensor) -> Tensor:
        return torch.zeros_like(patches)

    def stop(_module: Any, given: tuple[Tensor, ...], named: dict[str, Any]) -> None:
        raise _FirstBlockError(given[0], *named["position_embeddings"])

    hooks = (
        visual.patch_embed.register_forward_hook(blank),
        visual.blocks[0].register_forward_pre_hook(stop, with_kwargs=True),
    )
    weight = visual.patch_embed.proj.weight
    try:
        visual(weight.new_zeros(int(grids.prod(dim=1).sum()), weight[0].numel()), grid_thw=grids)
    except _FirstBlockError as reached:
        return reached.args
    finally:
        for hook in hooks:
            hook.remove()
    raise RuntimeError("vision tower: ran without its first block")


class _FirstBlockError(Exception):
    """Carries what the vision tower hands to its first block."""

    args: tuple[Tensor, Tensor, Tensor]


def text_table(model: Qwen3VL, positions: Int[Tensor, "3 b l"]) -> tuple[Tensor, Tensor]:
    """Cosines and sines [b l e] of the language model at these positions."""
    text: Any = model.model.language_model
    return text.rotary_emb(torch.zeros(0, dtype=model.dtype, device=positions.device), positions)


def text_layer(
    layer: Any,
    hidden: Float[Tensor, "b l h"],
    table: tuple[Tensor, Tensor],
    mask: Bool[Tensor, "b 1 l m"] | None,
    cache: Any,
) -> Float[Tensor, "b l h"]:
    """One decoder layer of the language model; `cache.update` is shown its keys and values."""
    return layer(hidden, position_embeddings=table, attention_mask=mask, **{CACHE: cache})


def keys_and_values(
    layer: Any, hidden: Float[Tensor, "b l h"], table: tuple[Tensor, Tensor]
) -> tuple[Float[Tensor, "b k l e"], Float[Tensor, "b k l e"]]:
    """All that a decoder layer computes before it attends, but for its queries."""
    attention, hidden = layer.self_attn, layer.input_layernorm(hidden)
    shape = (*hidden.shape[:-1], -1, attention.head_dim)
    key = attention.k_norm(attention.k_proj(hidden).view(shape)).transpose(1, 2)
    value = attention.v_proj(hidden).view(shape).transpose(1, 2)
    return rotate(key, key, *table)[1], value


def set_rope(model: Qwen3VL, rounded: bool) -> None:
    """(Re)make the rotary tables' frequencies, which no checkpoint holds, in float32.

    rounded: as the released code has them after casting the whole model to bfloat16 (deploy/server.py). There
    the vision tower even forms its angles in bfloat16.
    """
    text: Any = model.model.language_model.rotary_emb
    config: Any = model.config
    _set_frequencies(
        text, inverse_frequencies(config.text_config.head_dim, rope_theta(config.text_config), rounded)
    )
    vision: Any = model.model.visual
    size = config.vision_config.hidden_size // config.vision_config.num_heads
    frequencies = inverse_frequencies(size // 2, VISION_THETA, rounded)
    if rounded:
        vision.rotary_pos_emb = _RoundedVisionRotary(frequencies.bfloat16())
    else:
        _set_frequencies(vision.rotary_pos_emb, frequencies)


def rope_theta(text_config: Any) -> float:
    """Of the language model, and so of the action expert."""
    parameters = getattr(text_config, "rope_parameters", None)  # transformers 5.x
    return float(parameters["rope_theta"] if parameters else text_config.rope_theta)


class _RoundedVisionRotary(torch.nn.Module):
    """The vision tower's rotary table formed in bfloat16, behind the interface of either transformers."""

    def __init__(self, inverse_frequency: Tensor) -> None:
        super().__init__()
        self.register_buffer("inv_freq", inverse_frequency, persistent=False)

    def forward(self, first: Any, positions: Tensor | None = None) -> Any:
        """4.57: (largest position) -> angles [n, f]; 5.x: (states, positions [n, 2]) -> cosine and sine."""
        frequencies = cast(Tensor, self.inv_freq)
        if positions is None:
            return torch.outer(torch.arange(first, device=frequencies.device).bfloat16(), frequencies)
        angles = (positions[..., None].bfloat16() * frequencies).flatten(1)
        angles = torch.cat([angles, angles], dim=-1)
        return angles.cos(), angles.sin()


def _set_frequencies(rotary: Any, frequencies: Tensor) -> None:
    for name in ("inv_freq", "original_inv_freq"):
        if hasattr(rotary, name):
            setattr(rotary, name, frequencies.clone())


def token_logits(model: Qwen3VL, inputs: VLMInputs) -> Float[Tensor, "b l w"]:
    """Next-token logits at every position (vision-language co-training)."""
    return model(
        input_ids=inputs.input_ids,
        attention_mask=inputs.attention_mask,
        position_ids=position_ids(model, inputs),
        use_cache=False,
        **images(inputs),
    ).logits


def images(inputs: VLMInputs) -> dict[str, Tensor]:
    """The arguments of a pass that are about images: none where there is none."""
    if len(inputs.image_grid_thw) == 0:
        return {}
    return {"pixel_values": inputs.pixel_values, "image_grid_thw": inputs.image_grid_thw}


def _present(tensor: Tensor | None) -> Tensor:
    if tensor is None:
        raise RuntimeError("the VLM's cache holds an empty layer: it did not run all its layers")
    return tensor
