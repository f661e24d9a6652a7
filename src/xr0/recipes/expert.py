"""Stages 2 and 3: a checkpoint's action expert, or more of it, learns flow matching."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from xr0.checkpoints import start as starts
from xr0.checkpoints.folder import Checkpoint
from xr0.checkpoints.fresh import seeded
from xr0.config import CAUSAL, Contract
from xr0.data.samples import Samples
from xr0.data.slices import Slices
from xr0.data.source import Weigh
from xr0.data.stats import summaries
from xr0.model.vla import VLA
from xr0.recipes import finish
from xr0.recipes.given import HELD_OUT, check_titles, kept, open_sources, robots_of, statistics
from xr0.recipes.settings import FlowSettings, Given, PostTrainSettings, Start
from xr0.train import prefixes, trainable
from xr0.train.distributed import world
from xr0.train.flow_stage import FlowStage
from xr0.train.loop import train
from xr0.train.post_train import PostTrainStage
from xr0.train.run import Run
from xr0.transform.augment import Augmentation

RULES = {"paper": prefixes.PAPER, "released": prefixes.RELEASED, "sync": prefixes.SYNC}
"""By the name that settings give them."""


def pretrain_flow(
    given: Given, start: Start, out: Path, settings: FlowSettings, weigh: Weigh | None = None
) -> None:
    """Stage 2: `out`/checkpoint under the causal contract. weigh: how often each frame is drawn."""

    def stage_of(vla: VLA) -> FlowStage:
        return FlowStage(vla)

    _train(given, start, out, settings, stage_of, CAUSAL, weigh)


def post_train(
    given: Given, start: Start, out: Path, settings: PostTrainSettings, weigh: Weigh | None = None
) -> None:
    """Stage 3: `out`/checkpoint under the contract of the prefix rule. weigh: how often each frame is
    drawn."""
    rule = RULES[settings.prefix]

    def stage_of(vla: VLA) -> PostTrainStage:
        return PostTrainStage(vla, rule, settings.frequency)

    _train(given, start, out, settings, stage_of, rule.contract, weigh)


def _train(
    given: Given,
    start: Start,
    out: Path,
    settings: FlowSettings,
    stage_of: Callable[[VLA], FlowStage | PostTrainStage],
    contract: Contract,
    weigh: Weigh | None,
) -> None:
    shown, how = settings.samples, settings.train
    with world() as here:
        finish.check_new(out)
        slices = Slices(how.batch, how.execution.accumulate, here.size, here.rank)
        sources = open_sources(given, shown.horizon_s, here)
        fitted = summaries(sources)
        before = starts.load(start.checkpoint)
        if not start.new_titles:
            check_titles(sources, starts.known_titles(before))
        stats = statistics(fitted, before.robots, start.stats)
        slots = sources[0].embodiment.model_dim
        vla, grown = starts.resized(before.vla, slots, slots, how.seed)
        finish.say(here, *grown)
        with seeded(how.seed):  # adapters are drawn
            trainable.select(vla, settings.trainable, settings.lora_rank)
        if settings.gradient_checkpointing:
            trainable.recompute(vla)
        processor = finish.budgeted(before.processor, shown)
        sources = kept(sources, processor.spec, shown, how.execution.workers, here)
        changes = Augmentation(shown.colour)
        samples = Samples.of(sources, stats, processor, how.seed, given.weights or None, weigh, changes)

        def batches(k: int) -> tuple[Any, ...]:
            places = [samples.place(i) for i in slices.indices(k).tolist()]
            return (samples.batch(places, slices.step(k)),)

        stage = stage_of(vla.train())
        held_out = samples.batch([samples.apart(i) for i in range(HELD_OUT)], step=0)
        identity = finish.identity(settings, given, sources, fitted, before.fingerprint)
        finish.write_settings(out, settings, given, start, here)
        done = train(stage, batches, (held_out,), how, here, Run(out, identity, stage.watched))
        if here.main:
            trained = trainable.merged(done.vla) if settings.trainable == "lora" else done.vla
            under = replace(contract, rounded_rope=before.contract.rounded_rope)
            finish.write_checkpoint(
                out, Checkpoint(trained, processor, robots_of(sources, stats), under, "", ""), settings
            )
