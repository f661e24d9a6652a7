"""The sizes a model comes in: the released 4.7 B, and a tiny one that trains on a CPU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xr0.config import DiTConfig, ModelConfig
from xr0.transform.images import ImageSpec
from xr0_robot.types import MODEL_DIM

ROPE_THETA = 5_000_000.0
"""Qwen3-VL's."""

EXPERT_LAYERS = 16
"""Of the released action expert, which reads as many of the VLM's last layers."""

TINY_IMAGES = ImageSpec(patch=8, merge=2, temporal=2)
"""64 context tokens for a 128 px view."""

OFFICIAL_IMAGES = ImageSpec(patch=16, merge=2, temporal=2)
"""64 context tokens for a 256 px view."""

OFFICIAL_SPECIAL_IDS = {
    "image_token_id": 151_655,
    "video_token_id": 151_656,
    "vision_start_token_id": 151_652,
    "vision_end_token_id": 151_653,
}
"""Of Qwen3-VL's tokenizer."""


def qwen3_vl(
    text: dict[str, Any], vision: dict[str, Any], mrope_section: list[int], special_ids: dict[str, int]
) -> dict[str, Any]:
    """Qwen3VLConfig arguments that read the same in transformers 4.57 and 5.x."""
    fixed = {"tie_word_embeddings": True, "rms_norm_eps": 1e-6}
    return {
        "text_config": {**text, **rope(ROPE_THETA, mrope_section), **fixed},
        "vision_config": vision,
        "tie_word_embeddings": True,
        **special_ids,
    }


def rope(theta: float, mrope_section: list[int]) -> dict[str, Any]:
    """The rotary entries of a text config, in the older spelling, which 5.x understands as well."""
    scaling = {"rope_type": "default", "mrope_section": mrope_section, "mrope_interleaved": True}
    return {"rope_theta": theta, "rope_scaling": scaling}


def expert_for(text: Mapping[str, Any]) -> DiTConfig:
    """The action expert of a language model of any size, by the rule that the released one follows (1024
    wide, 16 layers): a head for each of the VLM's key-value heads, a layer for each of its last 16 layers."""
    heads, head_dim = text["num_key_value_heads"], text["head_dim"]
    layers = min(EXPERT_LAYERS, text["num_hidden_layers"])
    return DiTConfig(heads * head_dim, layers, head_dim, text["rope_theta"])


def tiny_model(vocab_size: int, special_ids: dict[str, int], slots: int = MODEL_DIM) -> ModelConfig:
    """About 2.8 M parameters for 128 px views; a 4-layer DiT reads the last 4 of 6 VLM layers."""
    text = {
        "vocab_size": vocab_size,
        "hidden_size": 128,
        "intermediate_size": 320,
        "num_hidden_layers": 6,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 32,
        "max_position_embeddings": 4096,
    }
    vision = {
        "depth": 3,
        "hidden_size": 64,
        "num_heads": 2,
        "intermediate_size": 160,
        "patch_size": TINY_IMAGES.patch,
        "spatial_merge_size": TINY_IMAGES.merge,
        "temporal_patch_size": TINY_IMAGES.temporal,
        "out_hidden_size": 128,
        "num_position_embeddings": 256,
        "deepstack_visual_indexes": [0, 1],
    }
    vlm = qwen3_vl(text, vision, mrope_section=[6, 5, 5], special_ids=special_ids)
    return ModelConfig(
        vlm, DiTConfig(hidden_size=128, num_layers=4, head_dim=32, rope_theta=ROPE_THETA), slots, slots
    )


def official_4b() -> ModelConfig:
    """The released size, 4,716,274,176 parameters: Qwen3-VL-4B and a 16-layer DiT
    (configuration_mibot.py)."""
    text = {
        "vocab_size": 151_936,
        "hidden_size": 2560,
        "intermediate_size": 9728,
        "num_hidden_layers": 36,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "max_position_embeddings": 262_144,
    }
    vision = {
        "depth": 24,
        "hidden_size": 1024,
        "num_heads": 16,
        "intermediate_size": 4096,
        "patch_size": OFFICIAL_IMAGES.patch,
        "spatial_merge_size": OFFICIAL_IMAGES.merge,
        "temporal_patch_size": OFFICIAL_IMAGES.temporal,
        "out_hidden_size": 2560,
        "num_position_embeddings": 2304,
        "deepstack_visual_indexes": [5, 11, 17],
    }
    vlm = qwen3_vl(text, vision, mrope_section=[24, 20, 20], special_ids=OFFICIAL_SPECIAL_IDS)
    return ModelConfig(vlm, DiTConfig(hidden_size=1024, num_layers=16, head_dim=128, rope_theta=ROPE_THETA))
