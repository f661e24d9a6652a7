"""Stage 1: a VLM learns to act by Choice Policies, and keeps talking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from xr0.checkpoints import qwen
from xr0.checkpoints.folder import Checkpoint
from xr0.config import CAUSAL
from xr0.data.language import LanguageData, joined, open_language
from xr0.data.samples import Place, Samples
from xr0.data.slices import Slices, cut
from xr0.data.source import Source, Weigh
from xr0.data.stats import summaries
from xr0.model.vla import VLA
from xr0.recipes import finish, small
from xr0.recipes.given import HELD_OUT, kept, open_sources, robots_of
from xr0.recipes.settings import ChoiceSettings, Given
from xr0.train import trainable
from xr0.train.choice_stage import ChoiceStage
from xr0.train.distributed import World, world
from xr0.train.loop import train
from xr0.train.run import Run
from xr0.transform.augment import Augmentation
from xr0.transform.images import MAX_PIXELS
from xr0.transform.processor import Processor


@dataclass(frozen=True)
class Lesson:
    """stage: of a model and the longest chunk [ticks]; its last argument is what is said. shows: its other
    arguments, of samples at their places and of the optimiser step."""

    stage: Callable[[VLA, int], ChoiceStage | nn.Module]
    shows: Callable[[Samples, Sequence[Place], int], tuple[Any, ...]]


Teach = Callable[[ChoiceSettings, Processor, Sequence[Source]], Lesson]


def plain(settings: ChoiceSettings, processor: Processor, sources: Sequence[Source]) -> Lesson:
    """Choice Policies and nothing else."""
    del processor, sources  # what other lessons need

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
        frame is drawn, and the further features that this takes."""
    shown, how = settings.samples, settings.train
    with world() as here:
        finish.check_new(out)
        slices = Slices(how.batch, how.execution.accumulate, here.size, here.rank)
        sources = open_sources(given, shown.horizon_s, here, extra)
        spoken = joined([open_language(each) for each in language])
        said = spoken_rows(settings, spoken, here)
        fitted = summaries(sources)
        stats = {name: summary.stats for name, summary in fitted.items()}
        start = _start(vlm, sources, spoken, settings)
        finish.say(here, *start.fresh)
        if settings.gradient_checkpointing:
            trainable.recompute(start.vla)
        sources = kept(sources, start.processor.spec, shown, how.execution.workers, here)
        changes = Augmentation(shown.colour)
        samples = Samples.of(sources, stats, start.processor, how.seed, given.weights or None, weigh, changes)
        lesson = teach(settings, start.processor, sources)
        stage = lesson.stage(start.vla.train(), max(source.horizon for source in sources))

        def batches(k: int) -> tuple[Any, ...]:
            step = slices.step(k)
            places = [samples.place(i) for i in slices.indices(k).tolist()]
            heard = step * said + cut(said, slices.parts, slices.part(k))
            words = spoken.batch(heard, how.seed, start.processor)
            return *lesson.shows(samples, places, step), words

        apart = [samples.apart(i) for i in range(HELD_OUT)]
        held_out = *lesson.shows(samples, apart, 0), None
        identity = {**finish.identity(settings, given, sources, fitted, start.fingerprint)}
        identity |= {"language": spoken.fingerprint}
        finish.write_settings(out, settings, given, {"vlm": vlm, "language": list(language)}, here)
        done = train(stage, batches, held_out, how, here, Run(out, identity, stage.watched))
        if here.main:
            start.vla.vlm = done.brain
            robots = robots_of(sources, stats)
            finish.write_checkpoint(
                out, Checkpoint(start.vla, start.processor, robots, CAUSAL, "", ""), settings
            )


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


def _start(
    vlm: str | None, sources: Sequence[Source], spoken: LanguageData, settings: ChoiceSettings
) -> qwen.Start:
    seed = settings.train.seed
    if vlm is None:
        return small.start(sources, spoken.texts(), seed)
    budget = settings.samples.max_pixels or MAX_PIXELS
    return qwen.load_vlm(vlm, seed, sources[0].embodiment.model_dim, budget)
