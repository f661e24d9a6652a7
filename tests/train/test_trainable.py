"""What learns in stages 2 and 3, with adapters merged, activations recomputed, and in bfloat16."""

import copy
from collections.abc import Callable

import pytest
import small_model
import torch
from torch import nn

from xr0.model.vla import VLA
from xr0.train.flow_stage import FlowStage
from xr0.train.post_train import PostTrainStage
from xr0.train.prefixes import PAPER
from xr0.train.trainable import Part, merged, recompute, select
from xr0.types import Batch

PARTS: list[Part] = ["expert", "all", "lora"]
EXPERT = ("dit.", "sink.", "state_projector.", "action_", "t_embedder.", "t_projector.")


def batch() -> Batch:
    generator = torch.Generator().manual_seed(5)
    state, actions = (torch.randn(2, n, 32, generator=generator) for n in (1, 8))
    mask = torch.zeros(2, 8, 32)
    mask[..., :5] = 1
    seen = small_model.inputs([small_model.row([5, 6], 0), small_model.row([7, 8, 9], 1)])
    return Batch(seen, state, actions, mask, *small_model.seeded(2))


def flow(vla: VLA) -> nn.Module:
    return FlowStage(vla)


def post(vla: VLA) -> nn.Module:
    return PostTrainStage(vla, PAPER, frequency_weight=2.0)


def chosen(part: Part) -> VLA:
    """A model of which `part` learns; adapters are moved from their start, where they change nothing."""
    vla = small_model.build().train()
    torch.manual_seed(1)
    select(vla, part, rank=4)
    for name, parameter in vla.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(parameter, std=0.05)
    return vla


def gradients(stage: nn.Module, autocast: bool = False) -> tuple[float, dict[str, torch.Tensor]]:
    stage.zero_grad()
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        loss = stage(batch())["loss"]
    loss.backward()
    return loss.item(), {n: p.grad.clone() for n, p in stage.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("stage_of", [flow, post])
def test_all_that_learns_has_a_gradient(part: Part, stage_of: Callable[[VLA], nn.Module]) -> None:
    """A parameter without one would stop a run on several processes."""
    stage = stage_of(chosen(part))
    _, found = gradients(stage)
    assert set(found) == {name for name, p in stage.named_parameters() if p.requires_grad}
    assert all(bool(gradient.any()) for gradient in found.values())


def test_expert_freezes_the_vlm_and_all_only_the_embeddings_and_what_nobody_reads() -> None:
    learns = {n for n, p in chosen("expert").named_parameters() if p.requires_grad}
    assert learns == {n for n, _ in small_model.build().named_parameters() if n.startswith(EXPERT)}
    frozen = {n for n, p in chosen("all").named_parameters() if not p.requires_grad}
    last = "vlm.model.language_model.layers.2."
    maps = [*(f"self_attn.{x}_proj" for x in "qo"), *(f"mlp.{x}_proj" for x in ("gate", "up", "down"))]
    unread = [*maps, "self_attn.q_norm", "post_attention_layernorm"]
    around = {f"vlm.model.language_model.{x}.weight" for x in ("embed_tokens", "norm")}
    assert frozen == around | {f"{last}{name}.weight" for name in unread}


def test_lora_has_adapters_beside_every_map_that_is_read_and_starts_as_the_model() -> None:
    vla = small_model.build()
    select(vla, "lora", rank=4)
    learns = {n for n, p in vla.named_parameters() if p.requires_grad}
    assert all(".lora_A." in n or ".lora_B." in n for n in learns)
    adapted = {n.split(".lora_")[0] for n in learns}
    text, vision = "vlm.model.language_model.layers.", "vlm.model.visual.blocks.0."
    assert {f"{text}0.self_attn.q_proj", f"{text}1.mlp.down_proj", f"{text}2.self_attn.k_proj"} <= adapted
    assert {f"{vision}attn.qkv", f"{vision}mlp.linear_fc1", "dit.layers.1.mlp.up_proj"} <= adapted
    assert {"state_projector.layers.0", "action_output_layer.layers.2", "t_embedder.mlp.2"} <= adapted
    assert not adapted & {f"{text}2.self_attn.q_proj", f"{text}2.mlp.up_proj", "vlm.lm_head"}
    with torch.no_grad():
        assert torch.equal(flow(vla)(batch())["loss"], flow(small_model.build())(batch())["loss"])


@torch.no_grad()
def test_merged_adapters_give_the_same_model_under_the_released_names() -> None:
    start, vla = small_model.build(), chosen("lora")
    plain = merged(vla)
    assert list(plain.state_dict()) == list(start.state_dict())
    expected = flow(vla)(batch())["loss"]
    assert float(flow(plain)(batch())["loss"]) == pytest.approx(float(expected), abs=1e-5)
    assert abs(float(flow(start)(batch())["loss"] - expected)) > 1e-3
    for name, value in start.state_dict().items():
        kept = name.rpartition(".")
        beside = vla.state_dict().get(f"{kept[0]}.base_layer.{kept[2]}")
        assert torch.equal(vla.state_dict()[name] if beside is None else beside, value), name


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("stage_of", [flow, post])
def test_recomputed_layers_give_the_same_gradients(part: Part, stage_of: Callable[[VLA], nn.Module]) -> None:
    vla = chosen(part)
    loss, found = gradients(stage_of(vla))
    names, runs = list(vla.state_dict()), 0
    recompute(vla)
    assert list(vla.state_dict()) == names

    def count(*_: object) -> None:
        nonlocal runs
        runs += 1

    vla.dit.layers[0].attn.qkv_proj.register_forward_hook(count)
    stage = stage_of(vla)
    again, recomputed = gradients(stage)
    assert runs == (2 if stage_of is flow else 2 + 5)  # and a rollout of five steps
    assert again == loss
    assert set(found) == set(recomputed)
    for name, gradient in found.items():
        torch.testing.assert_close(recomputed[name], gradient)


def test_a_copy_of_a_model_that_recomputes_runs_its_own_layers() -> None:
    vla = chosen("expert")
    recompute(vla)
    other = copy.deepcopy(vla)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    loss, found = gradients(flow(vla))
    assert (loss, found["vla.sink.weight"].any()) == (gradients(flow(chosen("expert")))[0], True)
    assert other.sink.weight.grad is None


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("stage_of", [flow, post])
@pytest.mark.parametrize("again", [False, True], ids=["kept", "recomputed"])
def test_bfloat16_with_float32_master_weights_learns_nearly_the_same(
    part: Part, stage_of: Callable[[VLA], nn.Module], again: bool
) -> None:
    """What learns stays float32 under autocast, what is frozen is kept in bfloat16."""
    vla = chosen(part)
    loss, found = gradients(stage_of(vla))
    for parameter in vla.parameters():
        if not parameter.requires_grad:
            parameter.data = parameter.data.bfloat16()
    if again:
        recompute(vla)
    near, rounded = gradients(stage_of(vla), autocast=True)
    assert near == pytest.approx(loss, rel=1e-2)
    assert set(rounded) == set(found)
    for name, gradient in found.items():
        assert rounded[name].dtype == torch.float32
        likeness = torch.cosine_similarity(rounded[name].flatten(), gradient.flatten(), dim=0)
        assert likeness > 0.99, name
