"""The released size: names, shapes and count as the released index lists them, not from our own model."""

import torch

from xr0.checkpoints import weights
from xr0.model.vla import VLA
from xr0.sizes import official_4b

PARAMETERS, TENSORS = 4_716_274_176, 932


def text_layer() -> dict[str, tuple[int, ...]]:
    return {
        "self_attn.q_proj.weight": (4096, 2560),
        "self_attn.k_proj.weight": (1024, 2560),
        "self_attn.v_proj.weight": (1024, 2560),
        "self_attn.o_proj.weight": (2560, 4096),
        "self_attn.q_norm.weight": (128,),
        "self_attn.k_norm.weight": (128,),
        "mlp.gate_proj.weight": (9728, 2560),
        "mlp.up_proj.weight": (9728, 2560),
        "mlp.down_proj.weight": (2560, 9728),
        "input_layernorm.weight": (2560,),
        "post_attention_layernorm.weight": (2560,),
    }


def with_bias(name: str, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


def vision_block() -> dict[str, tuple[int, ...]]:
    return {
        **with_bias("attn.qkv", (3072, 1024)),
        **with_bias("attn.proj", (1024, 1024)),
        **with_bias("mlp.linear_fc1", (4096, 1024)),
        **with_bias("mlp.linear_fc2", (1024, 4096)),
        **with_bias("norm1", (1024,)),
        **with_bias("norm2", (1024,)),
    }


def merger(norm: int) -> dict[str, tuple[int, ...]]:
    return {
        **with_bias("norm", (norm,)),
        **with_bias("linear_fc1", (4096, 4096)),
        **with_bias("linear_fc2", (2560, 4096)),
    }


def dit_layer() -> dict[str, tuple[int, ...]]:
    norms = {f"{name}_layernorm.weight": (1024,) for name in ("input", "middle", "post", "final")}
    return {
        **with_bias("attn.qkv_proj", (3072, 1024)),
        "attn.o_proj.weight": (1024, 1024),
        "attn.q_norm.weight": (128,),
        "attn.k_norm.weight": (128,),
        "mlp.gate_proj.weight": (4096, 1024),
        "mlp.up_proj.weight": (4096, 1024),
        "mlp.down_proj.weight": (1024, 4096),
        "adaln_table": (6, 1024),
        **norms,
    }


def official_shapes() -> dict[str, tuple[int, ...]]:
    visual, text = "vlm.model.visual", "vlm.model.language_model"
    groups = {f"{text}.layers.{i}": text_layer() for i in range(36)}
    groups |= {f"{visual}.blocks.{i}": vision_block() for i in range(24)}
    groups |= {f"{visual}.deepstack_merger_list.{i}": merger(4096) for i in range(3)}
    groups |= {f"{visual}.merger": merger(1024)}
    groups |= {f"dit.layers.{i}": dit_layer() for i in range(16)}
    shapes = {f"{group}.{name}": shape for group, names in groups.items() for name, shape in names.items()}
    return shapes | {
        f"{text}.embed_tokens.weight": (151936, 2560),
        f"{text}.norm.weight": (2560,),
        f"{visual}.patch_embed.proj.weight": (1024, 3, 2, 16, 16),
        f"{visual}.patch_embed.proj.bias": (1024,),
        f"{visual}.pos_embed.weight": (2304, 1024),
        "state_projector.layers.0.weight": (1024, 32),
        "state_projector.layers.2.weight": (1024, 1024),
        "action_projector.layers.0.weight": (1024, 32),
        "action_projector.layers.2.weight": (1024, 1024),
        "action_output_layer.layers.0.weight": (32, 1024),
        "action_output_layer.layers.2.weight": (32, 32),
        "t_embedder.mlp.0.weight": (1024, 256),
        "t_embedder.mlp.2.weight": (1024, 1024),
        "t_projector.layers.0.weight": (6144, 1024),
        "t_projector.layers.0.bias": (6144,),
        "sink.weight": (1, 1024),
    }


def test_the_released_size_has_the_released_tensors_and_no_other() -> None:
    with torch.device("meta"):
        vla = VLA(official_4b())
    assert sum(parameter.numel() for parameter in vla.parameters()) == PARAMETERS
    expected = official_shapes()
    assert len(expected) == TENSORS
    assert {name: tuple(value.shape) for name, value in weights.state_dict(vla).items()} == expected
