"""Which parameters go to which optimiser, and with what."""

from dataclasses import replace

import pytest
import torch
from small_model import build

from xr0.train import optim
from xr0.train.settings import TrainSettings

SETTINGS = TrainSettings(steps=10, batch=1, warmup=2, muon_lr=0.02, lr=1e-3, weight_decay=0.1)


@pytest.fixture(scope="module")
def split() -> tuple[set[str], set[str], list[torch.optim.Optimizer]]:
    vla = build()
    vla.vlm.model.visual.requires_grad_(False)
    optimizers = optim.build(vla, SETTINGS)
    names = {id(parameter): name for name, parameter in vla.named_parameters()}
    matrices, rest = ([names[id(p)] for group in o.param_groups for p in group["params"]] for o in optimizers)
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


def decays(optimizer: torch.optim.Optimizer) -> dict[bool, set[float]]:
    """Weight decays of the vectors (False) and of the matrices (True)."""
    found: dict[bool, set[float]] = {False: set(), True: set()}
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            found[parameter.ndim >= 2].add(group["weight_decay"])
    return found


def test_only_matrices_decay_and_each_optimiser_has_its_own_rate(split: tuple) -> None:
    muon, adamw = split[2]
    assert muon.param_groups[0]["lr"] == 0.02
    assert {group["lr"] for group in adamw.param_groups} == {1e-3}
    assert {group["betas"] for group in adamw.param_groups} == {(0.9, 0.95)}
    assert decays(muon) == {False: set(), True: {0.1}}
    assert decays(adamw) == {False: {0.0}, True: {0.1}}


def test_without_muon_adamw_has_everything() -> None:
    vla = build()
    (adamw,) = optim.build(vla, replace(SETTINGS, muon_lr=None))
    assert sum(len(group["params"]) for group in adamw.param_groups) == len(list(vla.parameters()))
    assert decays(adamw) == {False: {0.0}, True: {0.1}}


def test_a_stage_that_trains_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to train"):
        optim.build(torch.nn.Linear(2, 2).requires_grad_(False), SETTINGS)


@pytest.mark.parametrize(
    ("step", "factor"), [(0, 0.5), (1, 1.0), (2, 1.0), (6, 0.5), (8, 0.146447), (10, 0), (12, 0)]
)
def test_the_schedule_is_a_ramp_and_half_a_cosine(step: int, factor: float) -> None:
    assert optim.factor(step, SETTINGS) == pytest.approx(factor, abs=1e-6)


def test_a_run_that_is_all_warm_up_does_not_divide_by_nothing() -> None:
    short = replace(SETTINGS, steps=2)
    assert [optim.factor(step, short) for step in range(3)] == [0.5, 1.0, 1.0]


def test_the_released_schedule_rises_from_a_start_and_falls_to_an_end() -> None:
    """Its numbers: 5e-7 to 1e-4 in 2,000 steps, and back (released XR0.yaml)."""
    released = TrainSettings(
        40_000, batch=1, lr=1e-4, warmup=2_000, start_share=5e-3, final_share=5e-3, schedule="cosine"
    )
    rates = [optim.rate(step, released) for step in (0, 1_999, 2_000, 21_000, 40_000)]
    assert rates == pytest.approx([5.4975e-7, 1e-4, 1e-4, 5.025e-5, 5e-7], rel=1e-6)


def test_a_constant_rate_stays() -> None:
    constant = replace(SETTINGS, schedule="constant", final_share=0.5)
    assert [optim.factor(step, constant) for step in (0, 1, 5, 10)] == [0.5, 1.0, 1.0, 1.0]


def test_a_step_sets_the_rate_of_every_group() -> None:
    optimizers = optim.build(build(), SETTINGS)
    optim.set_rates(optimizers, SETTINGS, 6)
    assert [{group["lr"] for group in optimizer.param_groups} for optimizer in optimizers] == [{0.01}, {5e-4}]
