"""Stage 1 of the brick table: the general one, and words are bound to bricks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from xr0.data.samples import Place, Samples
from xr0.data.source import Source
from xr0.model.vla import VLA
from xr0.recipes.bricks.grounding import GroundedStage
from xr0.recipes.bricks.grounding_labels import Labeller, Scale, objects_of, reword, tracks
from xr0.recipes.choice import Lesson
from xr0.recipes.settings import ChoiceSettings
from xr0_robot.features import ENVIRONMENT_STATE, OBJECT_PIXELS

RECORDED = (ENVIRONMENT_STATE, OBJECT_PIXELS)
"""What the labels are made of, beside the robot's own numbers."""

SCALE_EPISODES = 100
"""Whose first frames say where objects lie."""


def grounded(settings: ChoiceSettings, sources: Sequence[Source]) -> Lesson:
    """Choice Policies, some sentences reworded, and the losses of grounding beside them. ValueError for
    `settings.places`, whose losses these stand for."""
    if settings.places:
        raise ValueError("--places: the brick table teaches places in a way of its own, expected False")
    names = _names(sources)
    scale = Scale.of(names, np.concatenate([_beginnings(source) for source in sources]))
    objects = objects_of(names)

    def stage(vla: VLA, horizon: int) -> GroundedStage:
        return GroundedStage(vla, horizon, settings.candidates, len(objects))

    def shows(samples: Samples, places: Sequence[Place], step: int) -> tuple[Any, ...]:
        asked = [samples.instruction(place) for place in places]
        told, as_shown = reword(asked, objects, [np.random.default_rng(place.seed) for place in places])
        rows = [samples.row(place, sentence) for place, sentence in zip(places, told, strict=True)]
        batch = samples.collate(rows, step).where(torch.from_numpy(as_shown))
        recorded = (_recorded(samples.sources[place.source], place) for place in places)
        now, pixels, at_the_end = (np.stack(column) for column in zip(*recorded, strict=True))
        lie = tracks(names, now, pixels, at_the_end, asked, scale)
        frame, processor = samples.sources[places[0].source].embodiment.cameras[0].size, samples.processor
        return batch, Labeller(processor.tokenizer, processor.spec, frame)(lie, told, batch.vlm)

    return Lesson(stage, shows)


def _recorded(source: Source, place: Place) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the objects are now, in the picture, and when the episode ends."""
    objects = source.numbers.rows(ENVIRONMENT_STATE, place.episode)
    pixels = source.numbers.rows(OBJECT_PIXELS, place.episode, place.frame, place.frame + 1)
    return objects[place.frame], pixels[0], objects[-1]


def _names(sources: Sequence[Source]) -> Sequence[str]:
    """Of the recorded columns, the same in all datasets."""
    found = {tuple(source.dataset.features[ENVIRONMENT_STATE].names) for source in sources}
    if len(found) != 1:
        raise ValueError(
            f"{ENVIRONMENT_STATE}: got {len(found)} layouts in {len(sources)} datasets, expected one"
        )
    return list(found.pop())


def _beginnings(source: Source) -> np.ndarray:
    """[e, c]: the objects at the beginning of some episodes."""
    episodes = source.training[:SCALE_EPISODES].tolist()
    return np.concatenate([source.numbers.rows(ENVIRONMENT_STATE, e, 0, 1) for e in episodes])
