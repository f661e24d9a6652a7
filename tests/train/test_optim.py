"""Which parameters go to which optimiser, and with what."""

import pytest
import torch
from small_model import build

from xr0.train import optim

SETTINGS = optim.OptimSettings(
    steps=10, warmup=2, muon_lr=0.02, adamw_lr=1e-3, weight_decay=0.1, grad_clip=1.0
)


@pytest.fixture(scope="module")
def split() -> tuple[set[str], set[str], list[torch.optim.Optimizer]]:
    vla = build()
    vla.vlm.model.visual.requires_grad_(False)
    optimizers = optim.build(vla, SETTINGS)
    names = {id(parameter): name for name, parameter in vla.named_parameters()}
    matrices, rest = ([names[id(p)] for p in o.param_groups[0]["params"]] for o in optimizers)
    assert sorted(matrices + rest) == sorted(n for n, p in vla.named_parameters() if p.requires_grad)
    return set(matrices), set(rest), optimizers


def test_maps_between_hidden_spaces_go_to_muon(split: tuple) -> None:
    matrices, _, _ = split
    parts = {".".join(name.split(".")[-3:-1]) for name in matrices}
    own = {"attn.qkv_proj", "attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"}
    qwen = {f"self_attn.{x}_proj" for x in "qkvo"} | {f"mlp.{x}_proj" for x in ("gate", "up", "down")}
    assert parts == own | qwen


def test_tables_norms_biases_inputs_and_outputs_go_to_adamw(split: tuple) -> None:
    _, rest, _ = split
    assert {
        "sink.weight",
        "dit.layers.0.adaln_table",
        "dit.layers.0.attn.qkv_proj.bias",
        "dit.layers.0.input_layernorm.weight",
        "state_projector.layers.2.weight",
        "action_projector.layers.0.weight",
        "action_output_layer.layers.2.weight",
        "t_embedder.mlp.0.weight",
        "vlm.model.language_model.embed_tokens.weight",
    } <= rest


def test_only_the_matrices_decay_and_each_has_its_own_rate(split: tuple) -> None:
    muon, adamw = (optimizer.param_groups[0] for optimizer in split[2])
    assert (muon["lr"], muon["weight_decay"]) == (0.02, 0.1)
    assert (adamw["lr"], adamw["weight_decay"], adamw["betas"]) == (1e-3, 0.0, (0.9, 0.95))


@pytest.mark.parametrize(
    ("step", "factor"), [(0, 0.5), (1, 1.0), (2, 1.0), (6, 0.5), (8, 0.146447), (10, 0), (12, 0)]
)
def test_the_schedule_is_a_ramp_and_half_a_cosine(step: int, factor: float) -> None:
    assert optim.factor(step, SETTINGS) == pytest.approx(factor, abs=1e-6)


def test_a_run_that_is_all_warm_up_does_not_divide_by_nothing() -> None:
    short = optim.OptimSettings(2, 2, 0.02, 1e-3, 0.1, 1.0)
    assert [optim.factor(step, short) for step in range(3)] == [0.5, 1.0, 1.0]
