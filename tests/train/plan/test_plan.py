"""A plan counts what a run really keeps, and refuses what does not fit."""

from dataclasses import replace
from functools import cache

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks

from xr0.model.dit import Layer
from xr0.sizes import OFFICIAL_IMAGES, official_4b
from xr0.train.plan import saved
from xr0.train.plan.compute import sample_flops
from xr0.train.plan.job import Job
from xr0.train.plan.memory import memory
from xr0.train.plan.parameters import parameters as counted
from xr0.train.plan.plan import Machine, plan

EXPERT = Job("post-train", official_4b(), OFFICIAL_IMAGES, "expert")
parameters = cache(lambda part: counted(replace(EXPERT, part=part)))
H100 = Machine("h100", 80.0, 989.0)


def test_parameters_are_those_of_the_released_model():
    """278,458,368 and 4,437,815,808; all but the embeddings and what nobody reads of the last layer."""
    count = parameters("expert")
    assert (count.trained, count.frozen) == (278_458_368, 4_437_815_808)
    whole = parameters("all")
    assert whole.trained + whole.frozen == 4_716_274_176
    assert 0 <= 4_327_318_016 - whole.trained < 101e6
    assert whole.frozen > 388_956_160


def test_counted_activations_are_those_that_autograd_keeps():
    """The slow twin: a real layer in float32, of two sizes of batch."""
    layer = Layer(official_4b().dit)

    def kept(rows):
        seen = {}
        x = torch.randn(rows, 12, 1024, requires_grad=True)
        context = torch.randn(rows, 8, 20, 128)
        table = torch.ones(rows, 1, 12, 128)
        mask = torch.ones(rows, 1, 12, 32, dtype=torch.bool)
        modulation = torch.randn(rows, 6, 1024, requires_grad=True)
        alive = []

        def keep(tensor):
            seen[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            alive.append(tensor)
            return tensor

        with saved_tensors_hooks(keep, lambda tensor: tensor):
            layer(x, modulation, (table, table), context, context.clone(), mask)
        return sum(seen.values())

    assert saved.of_dit_layer(official_4b(), 20, 10, bf16=False) == pytest.approx(kept(3) - kept(2), rel=0.05)


def test_frozen_weights_are_two_bytes_and_trained_ones_sixteen_with_gradient_and_moments():
    count = parameters("expert")
    found = memory(EXPERT, count)
    assert found.steady["frozen weights"] == 2 * count.frozen
    learnt = found.steady["trained weights"] + found.steady["AdamW's moments"] + found.optimiser["gradients"]
    assert learnt == 16 * count.trained
    assert found.steady["average of the weights (EMA)"] == 0
    averaged = memory(replace(EXPERT, ema=True), count)
    assert averaged.peak - found.peak == 4 * count.trained


def test_shards_divide_what_is_there_all_the_time():
    job = replace(EXPERT, part="all", gpus=8, batch=64)
    count = parameters("all")
    alone, shared = (memory(replace(job, fsdp=fsdp), count) for fsdp in (False, True))
    for item in ("frozen weights", "trained weights", "AdamW's moments"):
        assert shared.steady[item] == alone.steady[item] / 8
    assert shared.peak < alone.peak / 3


def test_checkpointing_trades_memory_for_a_forward_pass():
    job = replace(EXPERT, part="all", batch=8)
    without, with_ = job, replace(job, checkpointing=True)
    count = parameters("all")
    assert memory(with_, count).forward["activations"] < memory(without, count).forward["activations"] / 5
    flops = sample_flops(with_)["language model"] / sample_flops(without)["language model"]
    assert flops == pytest.approx(4 / 3)


def test_a_frozen_vlm_costs_one_pass_and_the_expert_three_for_each_noise():
    flops = sample_flops(replace(EXPERT, horizon=10))
    assert flops["vision tower"] == pytest.approx(0.352e12, rel=0.03)
    assert flops["action expert"] == pytest.approx(3 * 4 * 0.033e12 / 5, rel=0.06)
    assert flops["rollouts for the error weights"] == pytest.approx(4 * 0.033e12, rel=0.06)


def test_what_does_not_fit_is_refused_in_one_line_with_remedies():
    found = plan(replace(EXPERT, part="all", batch=32), H100, steps=1000)
    assert not found.fits
    assert found.refusal().startswith("plan: needs ") and "h100 has 80 GB; try " in found.refusal()
    assert "--gradient-checkpointing" in found.refusal() and "\n" not in found.refusal()
    assert plan(EXPERT, H100, steps=1000).fits


def test_days_follow_from_flops():
    found = plan(replace(EXPERT, gpus=8, batch=256), H100, steps=10_000).to_dict()
    per_second = found["flops_per_step"] / (8 * 989e12 * 0.35)
    assert found["predicted"]["steps_per_s"] == pytest.approx(1 / per_second)
    assert found["predicted"]["days"] == pytest.approx(10_000 * per_second / 86_400)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"gpus": 3}, "batch: got 32, expected a multiple of 3 GPUs x 1 micro-batches"),
        ({"accumulate": 0}, "accumulate: got 0, expected 1 or more"),
        ({"stage": "pretrain-choice"}, "trainable: got expert, pretrain-choice trains all of the VLM"),
    ],
)
def test_what_no_run_can_be_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(EXPERT, **change)
