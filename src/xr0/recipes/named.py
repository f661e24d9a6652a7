"""Named recipes: values for all settings of a stage.

paper      arXiv 2602.12684; where it gives no number, those of the released post-training code
released   the released post-training code (XR0.py, README), stage 3 alone: the rest was not released
tiny       a small model on a CPU: Muon, short runs
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from xr0.recipes.settings import ChoiceSettings, FlowSettings, PostTrainSettings, SampleSettings
from xr0.train.settings import Execution, TrainSettings

COSINE = TrainSettings(
    steps=40_000,
    batch=32_768,
    lr=1e-4,
    warmup=2_000,
    start_share=0.005,
    final_share=0.005,
    weight_decay=0.1,
    precision="bf16",
    execution=Execution(accumulate=1, shard="fsdp", save_every=1_000, validate_every=1_000, workers=8),
)
"""Steps and batch of pre-training are the paper's. Its learning rate is not published: this is the schedule
of the released post-training, from 5e-7 to 1e-4 and back."""

MUON = TrainSettings(
    steps=1_500,
    batch=32,
    lr=2e-3,
    muon_lr=0.02,
    warmup=60,
    execution=Execution(save_every=50, validate_every=100),
)

CHOICE: Mapping[str, ChoiceSettings] = {
    "paper": ChoiceSettings(COSINE),
    "tiny": ChoiceSettings(replace(MUON, steps=900)),
}
FLOW: Mapping[str, FlowSettings] = {"paper": FlowSettings(COSINE), "tiny": FlowSettings(MUON)}
POST_TRAIN: Mapping[str, PostTrainSettings] = {
    "paper": PostTrainSettings(
        replace(COSINE, batch=2_048), SampleSettings(colour=True), trainable="all", prefix="paper"
    ),
    "released": PostTrainSettings(
        replace(COSINE, steps=30_000, batch=128),
        SampleSettings(colour=True),
        trainable="all",
        frequency=2.0,
        prefix="released",
    ),
    "tiny": PostTrainSettings(replace(MUON, steps=900, lr=1e-3, muon_lr=0.01, warmup=40)),
}
"""Post-training: the paper's is that of Lego disassembly; the released one that of its demonstration, 8 GPUs
with 16 samples each, whose loss is half the squared error and the whole frequency loss: 1 to 2."""
