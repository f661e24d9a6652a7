"""Which parameters of a model learn in stages 2 and 3: the action expert, everything, or adapters (LoRA).

expert   everything but the VLM: it keeps its weights bit for bit
all      everything that an inference reads, but the input embeddings (released XR0.py)
lora     low-rank adapters beside the linear maps of the VLM and the expert (arXiv 2106.09685)
"""

from __future__ import annotations

import copy
from functools import partial
from typing import Any, Literal, cast

from torch import nn
from torch.utils.checkpoint import checkpoint

from xr0.model.vla import VLA

Part = Literal["expert", "all", "lora"]

LORA_RANK = 16
"""Of each adapter; its scale is 1."""

READ_OF_LAST_LAYER = ("input_layernorm", "self_attn.k_proj", "self_attn.v_proj", "self_attn.k_norm")
"""Of the last text layer: prefill ends with its keys and values."""


def select(vla: VLA, part: Part, rank: int = LORA_RANK) -> None:
    """Let `part` of the model learn and freeze the rest; rank: of LoRA's adapters.

    With "lora" the adapters, which change nothing yet, are drawn from torch's generator; their tensors have
    names of their own until `merged`.
    """
    vla.requires_grad_(part == "all")
    if part == "expert":
        vla.expert.requires_grad_(True)
    elif part == "all":
        text = _text(vla)
        text.embed_tokens.requires_grad_(False)
        vla.vlm.lm_head.requires_grad_(False)
        text.norm.requires_grad_(False)
        for name, parameter in text.layers[-1].named_parameters():
            parameter.requires_grad_(name.startswith(READ_OF_LAST_LAYER))
    else:
        from peft import LoraConfig, inject_adapter_in_model  # noqa: PLC0415 - seconds, for LoRA alone

        inject_adapter_in_model(LoraConfig(r=rank, lora_alpha=rank, target_modules=linear_maps(vla)), vla)


def linear_maps(vla: VLA) -> list[str]:
    """Names of what LoRA adapts: attention and feed-forward of the VLM, every linear map of the expert."""
    last = f"vlm.model.language_model.layers.{len(_text(vla).layers) - 1}."
    blocks = ("vlm.model.language_model.layers.", "vlm.model.visual.blocks.")
    return [
        name
        for name, module in vla.named_modules()
        if isinstance(module, nn.Linear)
        and (not name.startswith("vlm.") or name.startswith(blocks))
        and (not name.startswith(last) or name.removeprefix(last) in READ_OF_LAST_LAYER)
    ]


def merged(vla: VLA) -> VLA:
    """A copy with the adapters added to the weights beside them, under the released names."""
    from peft.tuners.lora import LoraLayer  # noqa: PLC0415 - seconds, for LoRA alone

    plain = copy.deepcopy(vla)
    for name, module in list(plain.named_modules()):
        if isinstance(module, LoraLayer):
            cast(Any, module).merge()
            plain.set_submodule(name, module.get_base_layer())
    return plain


def recompute(vla: VLA) -> None:
    """Gradient checkpointing: keep only the input of each text layer, vision block and DiT layer, and run
    the layer again on the way back. The gradients are the same."""
    for layer in (*_text(vla).layers, *cast(Any, vla.vlm.model.visual).blocks, *vla.dit.layers):
        layer.forward = partial(checkpoint, layer.forward, use_reentrant=False, preserve_rng_state=False)


def _text(vla: VLA) -> Any:
    return vla.vlm.model.language_model
