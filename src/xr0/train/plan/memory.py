"""Memory per GPU, item by item.

What is trained is float32: weights, gradients, AdamW's two moments, and their average where one is kept. What
is frozen is bfloat16 under autocast. A step has two peaks, at the end of its forward and in the optimiser,
and the higher one counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xr0.train.flow_stage import NOISES_PER_PASS
from xr0.train.plan import saved
from xr0.train.plan.job import Job
from xr0.train.plan.parameters import Parameters

FLOAT32, BF16 = 4, 2
"""Bytes."""

MOMENTS = 2
"""AdamW's, of each trained parameter."""

GATHERED_BLOCKS = 2
"""Under FSDP: the one that runs and the one that is fetched meanwhile."""

LOGIT_BYTES = 10
"""bfloat16 logits, float32 ones for the loss, and their gradient."""

TEMPORARIES = {"cpu": 2, "cuda": 1}
"""Of AdamW: on a CPU it goes tensor by tensor, with two copies of it; on a GPU it takes all at once, with
one."""

OVERHEAD = {"cpu": 600e6, "cuda": 1.5e9}
"""Bytes of interpreter and libraries; of CUDA's context, its libraries' workspaces and the allocator's
waste."""


@dataclass(frozen=True)
class Memory:
    """Bytes by item. steady: there all the time. forward, optimiser: at the two peaks."""

    steady: Mapping[str, float]
    forward: Mapping[str, float]
    optimiser: Mapping[str, float]

    @property
    def peak(self) -> float:
        """Bytes at the higher peak."""
        return sum(self.steady.values()) + max(sum(self.forward.values()), sum(self.optimiser.values()))


def memory(job: Job, count: Parameters, device: str = "cuda") -> Memory:
    """Of each GPU, or with device "cpu" of a process."""
    stored = BF16 if job.bf16 else FLOAT32
    shards = job.gpus if job.fsdp else 1
    trained = count.trained / shards
    gradients = FLOAT32 * trained
    steady = {
        "frozen weights": stored * count.frozen / shards,
        "trained weights": FLOAT32 * trained,
        "AdamW's moments": MOMENTS * FLOAT32 * trained,
        "average of the weights (EMA)": FLOAT32 * trained if job.ema else 0.0,
        "libraries": OVERHEAD[device],
    }
    forward = {
        "activations": activations(job),
        "context keys and values": context(job),
        "logits": LOGIT_BYTES * job.language_rows * job.tokens * job.config.vlm["text_config"]["vocab_size"],
        "gradients of earlier micro-batches": gradients if job.accumulate > 1 else 0.0,
    }
    if shards > 1:
        frozen, learnt = count.around
        forward["gathered weights"] = (
            stored * (GATHERED_BLOCKS * count.largest + frozen)
            + FLOAT32 * learnt
            + (BF16 * learnt if job.bf16 else 0)
        )
    elif job.bf16:
        forward["bfloat16 copies of trained weights"] = BF16 * count.trained
    whole = TEMPORARIES[device] * FLOAT32 * (trained if device == "cuda" else count.largest_tensor)
    return Memory(steady, forward, {"gradients": gradients, "AdamW's temporaries": whole})


def activations(job: Job) -> float:
    """What is kept for the backward pass of what learns; checkpointing keeps a layer's input, and one
    layer."""
    config, bf16 = job.config, job.bf16
    stored = BF16 if bf16 else FLOAT32
    text, vision = config.vlm["text_config"], config.vlm["vision_config"]
    patches, rows = job.views * job.patches, job.rows + job.language_rows
    groups: list[tuple[int, float, float]] = []  # layers, bytes of one, bytes of its input
    if job.stage != "pretrain-choice":
        expert = job.rows * NOISES_PER_PASS
        kept = expert * saved.of_dit_layer(config, job.tokens, job.horizon, bf16)
        groups.append((config.dit.num_layers, kept, FLOAT32 * expert * job.horizon * config.dit.hidden_size))
    if job.part != "expert":
        kept = rows * saved.of_text_layer(config, job.tokens, bf16)
        groups.append((text["num_hidden_layers"], kept, stored * rows * job.tokens * text["hidden_size"]))
        kept = rows * saved.of_vision_block(config, patches, bf16)
        groups.append((vision["depth"], kept, stored * rows * patches * vision["hidden_size"]))
    if job.checkpointing:
        return float(sum(layers * entry for layers, _, entry in groups) + max(kept for _, kept, _ in groups))
    return float(sum(layers * kept for layers, kept, _ in groups))


def context(job: Job) -> float:
    """Keys and values that the expert reads: of the VLM pass, and repeated for its noises."""
    if job.stage == "pretrain-choice":
        return 0.0
    dit = job.config.dit
    numbers = 2 * dit.num_layers * dit.hidden_size * job.tokens * job.rows
    return float((1 + NOISES_PER_PASS) * numbers * (BF16 if job.bf16 else FLOAT32))
