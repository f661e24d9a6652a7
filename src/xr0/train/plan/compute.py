"""FLOPs of a training step, and how long a GPU takes for them.

A backward pass through a layer whose weights learn costs two forward passes, one whose weights do not (LoRA)
costs one; recomputing its activations costs another.
"""

from __future__ import annotations

from xr0.config import FLOW_STEPS
from xr0.model import work
from xr0.train.flow_stage import NOISES_PER_PASS
from xr0.train.plan.job import Job

UTILISATION = 0.35
"""Share of a GPU's peak in 16 bit that training keeps: 0.3 to 0.5 is common for transformers of this size."""

ITEMSIZE = 2
"""Bytes; FLOPs do not depend on it."""


def sample_flops(job: Job) -> dict[str, float]:
    """Of one sample, by part."""
    vision = work.vision(job.config, [job.patches] * job.views, ITEMSIZE).flops
    text = work.prefill(job.config, job.tokens, 0, ITEMSIZE).flops
    step = work.denoise(job.config, job.tokens, job.horizon, 1, ITEMSIZE).flops
    passes = _passes(job, learns=job.part != "expert", weights=job.part == "all")
    if job.stage == "pretrain-choice":
        shown = 1 + job.language_rows / job.rows
        size = job.config.vlm["text_config"]
        logits = 2.0 * size["hidden_size"] * size["vocab_size"] * job.tokens * job.language_rows / job.rows
        return {
            "vision tower": passes * shown * vision,
            "language model": passes * shown * text,
            "logits": 3 * logits,
        }
    expert = _passes(job, learns=True, weights=job.part != "lora")
    flops = {
        "vision tower": passes * vision,
        "language model": passes * text,
        "action expert": expert * NOISES_PER_PASS * step,
    }
    if job.stage == "post-train":
        flops["rollouts for the error weights"] = NOISES_PER_PASS * FLOW_STEPS * step
    return flops


def seconds_per_step(job: Job, peak_flops: float, utilisation: float = UTILISATION) -> float:
    """Of an optimiser step on GPUs of this peak [FLOP/s]."""
    return sum(sample_flops(job).values()) * job.batch / job.gpus / (peak_flops * utilisation)


def _passes(job: Job, learns: bool, weights: bool) -> float:
    """Forward passes that forward and backward together cost."""
    if not learns:
        return 1.0
    return 1.0 + (2.0 if weights else 1.0) + (1.0 if job.checkpointing else 0.0)
