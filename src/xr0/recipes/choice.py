"""Stage 1: a VLM learns to act by Choice Policies, and keeps talking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xr0.checkpoints import qwen
from xr0.checkpoints.folder import Checkpoint
from xr0.config import CAUSAL
from xr0.data.language import LanguageData, joined, open_language
from xr0.data.samples import Place, Samples
from xr0.data.slices import cut
from xr0.data.source import Source, Weigh
from xr0.model.vla import VLA
from xr0.recipes import finish, small
from xr0.recipes.material import Material
from xr0.recipes.settings import ChoiceSettings, Given
from xr0.train import trainable
from xr0.train.choice_stage import ChoiceStage
from xr0.train.distributed import World, world
from xr0.train.loop import train
from xr0.train.run import Run
from xr0.transform.images import MAX_PIXELS


@dataclass(frozen=True)
class Lesson:
    """stage: of a model and the longest chunk [ticks]; its last argument is what is said. shows: its other
    arguments, of samples at their places and of the optimiser step."""

    stage: Callable[[VLA, int], ChoiceStage]
    shows: Callable[[Samples, Sequence[Place], int], tuple[Any, ...]]


Teach = Callable[[ChoiceSettings, Sequence[Source]], Lesson]
"""ValueError, one line, for data that a lesson cannot be made of; asked before a weight is read."""


def plain(settings: ChoiceSettings, sources: Sequence[Source]) -> Lesson:
    """Choice Policies and nothing else."""
    del sources  # what other lessons need

    def stage(vla: VLA, horizon: int) -> ChoiceStage:
        return ChoiceStage(vla, horizon, settings.candidates)

    def shows(samples: Samples, places: Sequence[Place], step: int) -> tuple[Any, ...]:
        return (samples.batch(places, step),)

    return Lesson(stage, shows)


def pretrain_choice(
    given: Given,
    language: Sequence[str],
    vlm: str | None,
    out: Path,
    settings: ChoiceSettings,
    teach: Teach = plain,
    weigh: Weigh | None = None,
    extra: Sequence[str] = (),
) -> None:
    """From robot data and conversations to `out`/checkpoint, whose action expert is untrained.

    vlm: a plain Qwen3-VL; None makes a tiny one. teach, weigh, extra: what is learnt beside, how often each
    frame is drawn, and the further features that this takes.
    """
    seed = settings.train.seed
    with world() as here:
        finish.check_new(out)
        material = Material.opened(given, settings, here, extra)
        lesson = teach(settings, material.sources)
        spoken = joined([open_language(each) for each in language])
        rows, slices = spoken_rows(settings, spoken, here), material.slices
        stats = {name: summary.stats for name, summary in material.fitted.items()}
        start = _start(vlm, material, spoken)
        finish.say(here, *start.fresh)
        dtype = finish.stored(start.vla, settings.train.precision)
        if settings.gradient_checkpointing:
            trainable.recompute(start.vla)
        samples = material.samples(stats, start.processor, weigh)
        stage = lesson.stage(start.vla.train(), material.horizon)

        def batches(k: int) -> tuple[Any, ...]:
            step = slices.step(k)
            heard = step * rows + cut(rows, slices.parts, slices.part(k))
            words = spoken.batch(heard, seed, start.processor)
            return *lesson.shows(samples, material.places(samples, k), step), words

        held_out = *lesson.shows(samples, material.apart(samples), 0), None
        finish.write_settings(out, settings, given, {"vlm": vlm, "language": list(language)}, here)
        identity = material.identity(start.fingerprint) | {"language": spoken.fingerprint}
        done = train(stage, batches, held_out, settings.train, here, Run(out, identity, stage.watched))
        if here.main:
            finish.write_heads(out, done.heads)
            start.vla.vlm = done.brain
            robots = material.robots(stats)
            finished = Checkpoint(start.vla, start.processor, robots, CAUSAL, "", "")
            finish.write_checkpoint(out, finished, dtype)


def spoken_rows(settings: ChoiceSettings, spoken: LanguageData, here: World) -> int:
    """Vision-language rows of a step: none where there is no such data; at least one for each part of a
    step."""
    if not len(spoken.conversations):
        return 0
    rows = round(settings.train.batch / settings.robot_per_language)
    parts = here.size * settings.train.execution.accumulate
    if rows < parts:
        raise ValueError(
            f"--robot-per-language {settings.robot_per_language:g}: a batch of {settings.train.batch} has "
            f"{rows} vision-language samples, expected one for each of {parts} (processes x --accumulate)"
        )
    return rows


def _start(vlm: str | None, material: Material, spoken: LanguageData) -> qwen.Start:
    seed, budget = material.settings.train.seed, material.settings.samples.max_pixels
    if vlm is None:
        return small.start(material.sources, spoken.texts(), seed)
    return qwen.load_vlm(vlm, seed, material.slots, budget or MAX_PIXELS)
