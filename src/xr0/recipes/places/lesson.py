"""Choice Policies, and where things are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from xr0.data.samples import Place, Samples
from xr0.data.source import Source
from xr0.model.vla import VLA
from xr0.recipes.choice import Lesson
from xr0.recipes.places.labels import Things, placed_labels
from xr0.recipes.places.stage import PlacedStage
from xr0.recipes.settings import ChoiceSettings


def placed(settings: ChoiceSettings, sources: Sequence[Source]) -> Lesson:
    """A `Teach`; ValueError, one line, for data that does not say where things are."""
    things = Things.of(sources)

    def stage(vla: VLA, horizon: int) -> PlacedStage:
        return PlacedStage(vla, horizon, settings.candidates, len(things.names))

    def shows(samples: Samples, places: Sequence[Place], step: int) -> tuple[Any, ...]:
        batch = samples.batch(places, step)
        at = [(samples.sources[place.source], place.episode, place.frame) for place in places]
        where = np.stack([things.place(*each) for each in at])
        pixels = np.stack([things.pixels(*each) for each in at])
        views = [len(source.embodiment.cameras) for source, _, _ in at]
        return batch, placed_labels(where, pixels, views, batch.vlm, samples.processor)

    return Lesson(stage, shows)
