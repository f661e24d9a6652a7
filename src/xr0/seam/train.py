"""The base policy and what is trained from it: one base for each training seed, all else a few steps on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from xr0.config import CAUSAL, Contract
from xr0.model.expert import Expert
from xr0.seam.checkpoint import SeamCheckpoint, load, save
from xr0.seam.model import StateExpert
from xr0.seam.samples import How, Shown
from xr0.train import prefixes
from xr0.train.distributed import World
from xr0.train.flow_stage import FlowStage
from xr0.train.loop import train
from xr0.train.post_train import PostTrainStage
from xr0.train.prefixes import PrefixRule
from xr0.train.run import Run
from xr0.train.settings import Execution, TrainSettings
from xr0.types import Batch


@dataclass(frozen=True)
class Variant:
    """What a policy is trained for. rule: how prefixes are drawn, None without any; ahead, corrections: see
    `samples.How`."""

    rule: PrefixRule | None = None
    ahead: int = 0
    corrections: float = 0.0

    @property
    def contract(self) -> Contract:
        """Under which the weights are used."""
        return CAUSAL if self.rule is None else self.rule.contract

    @property
    def how(self) -> How:
        """What its samples show."""
        return How(None if self.rule is None else self.rule.mix, self.ahead, self.corrections)

    def stage(self, model: Expert) -> FlowStage | PostTrainStage:
        """The loss that the full model has as well."""
        return FlowStage(model) if self.rule is None else PostTrainStage(model, self.rule, 0.0)


AHEAD = prefixes.WINDOWED.max_prefix
"""Ticks by which VLASH is trained to look ahead: as far as the others know prefixes."""

BASE = "base"

HELD_OUT = 1_000_000
"""Added to the number of a run's batches for those that it is validated on: other moments of the same
demonstrations."""

CORRECTIONS = 0.3
"""Share of the samples that begin with what an expert did before it noticed."""

VARIANTS: Mapping[str, Variant] = {
    BASE: Variant(),
    "prefix": Variant(prefixes.FULL),
    "lambda_paper": Variant(prefixes.PAPER),
    "lambda_released": Variant(prefixes.RELEASED),
    "vlash": Variant(ahead=AHEAD),
    "bridged": Variant(prefixes.BRIDGED),
    "corrected": Variant(prefixes.PAPER, corrections=CORRECTIONS),
}
"""By the name of their folder. Another rule of prefixes is one more line."""


ALONE = World(0, 1, torch.device("cpu"))
"""One process, whose model is trained in place."""


@dataclass(frozen=True)
class Effort:
    """How long is trained, for each task: steps of the base, of each variant and of each head from it; from
    how many demonstrated episodes, and chunks for a head."""

    base_steps: int
    variant_steps: int
    head_steps: int
    episodes: int
    head_chunks: int
    batch: int


FULL_EFFORT = Effort(3000, 250, 6000, episodes=300, head_chunks=2000, batch=32)
QUICK_EFFORT = Effort(450, 40, 200, episodes=40, head_chunks=40, batch=12)


def settings(effort: Effort, variant: str, seed: int) -> TrainSettings:
    """Muon for the hidden matrices, as in the tiny recipe; a variant learns at a third of the rates."""
    base = variant == BASE
    steps = effort.base_steps if base else effort.variant_steps
    scale = 1.0 if base else 0.33
    return TrainSettings(
        steps=steps,
        batch=effort.batch,
        lr=2e-3 * scale,
        muon_lr=0.02 * scale,
        warmup=max(1, steps // 20),
        final_share=0.02,
        ema=0.99,
        seed=seed,
        execution=Execution(save_every=500, validate_every=250, log_every=50),
    )


def place(out: Path, task: str, variant: str, seed: int) -> Path:
    """The folder of a run, and of all that belongs to its policy."""
    return out / task / f"seed_{seed}" / variant


def trained(out: Path, task: str, variant: str, seed: int, effort: Effort) -> SeamCheckpoint:
    """The checkpoint of a variant and a training seed under `out`, trained if it is not there yet; a run that
    was stopped goes on."""
    folder = place(out, task, variant, seed)
    if (folder / "checkpoint").exists():
        return load(folder / "checkpoint")
    data, kind = Shown.record(task, effort.episodes), VARIANTS[variant]
    if variant == BASE:
        torch.manual_seed(seed)
        model = StateExpert()
    else:
        model = trained(out, task, BASE, seed, effort).model
    number = seed * len(VARIANTS) + list(VARIANTS).index(variant)

    def batches(k: int) -> tuple[Batch]:
        return (data.batch(number, k, effort.batch, kind.how),)

    held_out = (data.batch(HELD_OUT + number, 0, effort.batch, kind.how),)
    stage = kind.stage(model.train())
    run = Run(folder, {"task": task, "variant": variant, "episodes": effort.episodes}, stage.watched)
    train(stage, batches, held_out, settings(effort, variant, seed), ALONE, run)
    made = SeamCheckpoint(model.eval(), data.robot, kind.contract)
    save(made, folder / "checkpoint")
    return made
