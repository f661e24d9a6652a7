"""Stages 2 and 3: a checkpoint's action expert, or more of it, learns flow matching."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from xr0.checkpoints import start as starts
from xr0.checkpoints.folder import Checkpoint
from xr0.checkpoints.fresh import seeded
from xr0.data.source import Weigh
from xr0.model.vla import VLA
from xr0.recipes import finish
from xr0.recipes.given import check_titles, statistics
from xr0.recipes.material import Material
from xr0.recipes.settings import FlowSettings, Given, PostTrainSettings, Start
from xr0.train import prefixes, trainable
from xr0.train.distributed import world
from xr0.train.flow_stage import FlowStage
from xr0.train.loop import train
from xr0.train.post_train import PostTrainStage
from xr0.train.run import Run

RULES = {
    "paper": prefixes.PAPER,
    "released": prefixes.RELEASED,
    "full": prefixes.FULL,
    "sync": prefixes.SYNC,
    "bridged": prefixes.BRIDGED,
}
"""By the name that settings give them."""


def pretrain_flow(
    given: Given, start: Start, out: Path, settings: FlowSettings, weigh: Weigh | None = None
) -> None:
    """Stage 2: `out`/checkpoint under the causal contract. weigh: how often each frame is drawn."""

    def stage_of(vla: VLA) -> FlowStage[VLA]:
        return FlowStage(vla)

    _train(given, start, out, settings, stage_of, prefixes.SYNC, weigh)


def post_train(
    given: Given, start: Start, out: Path, settings: PostTrainSettings, weigh: Weigh | None = None
) -> None:
    """Stage 3: `out`/checkpoint under the contract of the prefix rule. weigh: how often each frame is
    drawn."""
    rule = RULES[settings.prefix]

    def stage_of(vla: VLA) -> PostTrainStage[VLA]:
        return PostTrainStage(vla, rule, settings.frequency)

    _train(given, start, out, settings, stage_of, rule, weigh)


def _train(
    given: Given,
    start: Start,
    out: Path,
    settings: FlowSettings,
    stage_of: Callable[[VLA], FlowStage[VLA] | PostTrainStage[VLA]],
    rule: prefixes.PrefixRule,
    weigh: Weigh | None,
) -> None:
    with world() as here:
        finish.check_new(out)
        material = Material.opened(given, settings, here)
        before = starts.load(start.checkpoint)
        if not start.new_titles:
            check_titles(material.sources, starts.known_titles(before))
        stats = statistics(material.fitted, before.robots, start.stats)
        processor = finish.budgeted(before.processor, settings.samples)
        samples = material.samples(stats, processor, weigh, rule.mix, rule.contract.max_prefix)
        dtype = finish.stored(before.vla, settings.train.precision)
        stage = stage_of(_prepared(before.vla, material, settings))

        def batches(k: int) -> tuple[Any, ...]:
            return (samples.batch(material.places(samples, k), material.slices.step(k)),)

        held_out = (samples.batch(material.apart(samples), step=0),)
        finish.write_settings(out, settings, given, asdict(start), here)
        run = Run(out, material.identity(before.fingerprint), stage.watched)
        done = train(stage, batches, held_out, settings.train, here, run)
        if here.main:
            vla = trainable.merged(done.vla) if settings.trainable == "lora" else done.vla
            under = replace(rule.contract, rounded_rope=before.contract.rounded_rope)
            finished = Checkpoint(vla, processor, material.robots(stats), under, "", "")
            finish.write_checkpoint(out, finished, dtype)


def ready(
    vla: VLA, slots: int, part: trainable.Part, seed: int, rank: int = trainable.LORA_RANK
) -> tuple[VLA, tuple[str, ...]]:
    """A start as wide as its robots need, with `part` of it to learn, and a line for what is fresh in it."""
    wide, grown = starts.resized(vla, slots, slots, seed)
    with seeded(seed):  # adapters are drawn
        trainable.select(wide, part, rank)
    return wide, grown


def _prepared(vla: VLA, material: Material, settings: FlowSettings) -> VLA:
    """Ready to be trained as the run was told."""
    seed, rank = settings.train.seed, settings.lora_rank
    wide, grown = ready(vla, material.slots, settings.trainable, seed, rank)
    finish.say(material.here, *grown)
    if settings.gradient_checkpointing:
        trainable.recompute(wide)
    return wide.train()
