"""Complete named runs. A recipe is a function that returns plain data; nothing is looked up by string."""

from __future__ import annotations

from typing import Any

from xr0.config import DiTConfig, ModelConfig

ROPE_THETA = 5_000_000.0
"""Qwen3-VL's (facts/model.md 3.1)."""


def qwen3_vl(
    text: dict[str, Any], vision: dict[str, Any], mrope_section: list[int], special_ids: dict[str, int]
) -> dict[str, Any]:
    """Qwen3VLConfig arguments that read the same in transformers 4.57 and 5.x."""
    rope = {"rope_type": "default", "mrope_section": mrope_section, "mrope_interleaved": True}
    text = {
        **text,
        "rope_theta": ROPE_THETA,
        "rope_scaling": rope,
        "tie_word_embeddings": True,
        "rms_norm_eps": 1e-6,
    }
    return {"text_config": text, "vision_config": vision, "tie_word_embeddings": True, **special_ids}


def tiny_model(vocab_size: int, special_ids: dict[str, int]) -> ModelConfig:
    """About 3 M parameters for 128 px views: 64 context tokens each, read by a 4-layer DiT."""
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
        "patch_size": 8,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "out_hidden_size": 128,
        "num_position_embeddings": 256,
        "deepstack_visual_indexes": [0, 1],
    }
    vlm = qwen3_vl(text, vision, mrope_section=[6, 5, 5], special_ids=special_ids)
    dit = DiTConfig(hidden_size=128, num_layers=4, head_dim=32, rope_theta=ROPE_THETA)
    return ModelConfig(vlm=vlm, dit=dit)
