"""The data of a run: opened, checked, looked at once, and cut into what each process sees at each step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from xr0.checkpoints.folder import Robot
from xr0.data.samples import Mix, Place, Samples
from xr0.data.slices import Slices
from xr0.data.source import Source, Weigh
from xr0.data.stats import summaries
from xr0.data.summary import Summary
from xr0.recipes.given import open_sources
from xr0.recipes.settings import Given, StageSettings
from xr0.train.distributed import World
from xr0.transform.augment import Augmentation
from xr0.transform.normalize import Stats
from xr0.transform.processor import Processor


@dataclass(frozen=True)
class Material:
    """fitted: what the data of each robot looks like, by its name. slices: of this process."""

    given: Given
    settings: StageSettings
    here: World
    sources: tuple[Source, ...]
    fitted: Mapping[str, Summary]
    slices: Slices

    @staticmethod
    def opened(given: Given, settings: StageSettings, here: World, extra: Sequence[str] = ()) -> Material:
        """ValueError or FileNotFoundError, one line, for data that does not fit. extra: more features."""
        how = settings.train
        slices = Slices(how.batch, how.execution.accumulate, here.size, here.rank)
        sources = open_sources(given, settings.samples.horizon_s, here, extra)
        return Material(given, settings, here, sources, summaries(sources), slices)

    @property
    def slots(self) -> int:
        """Width of the model's vectors."""
        return self.sources[0].embodiment.model_dim

    @property
    def horizon(self) -> int:
        """Of the robot with the longest chunk [ticks]."""
        return max(source.horizon for source in self.sources)

    def samples(
        self,
        stats: Mapping[str, Stats],
        processor: Processor,
        weigh: Weigh | None,
        mix: Mix | None = None,
        committed: int = 0,
    ) -> Samples:
        """Ready to be drawn (see `Samples.of`); pictures are kept first, where that is asked for, by the
        first process."""
        shown, how = self.settings.samples, self.settings.train
        sources = self.sources
        if shown.keep_every is not None:
            with self.here.first():
                workers = max(1, how.execution.workers)
                sources = tuple(s.keeping(processor.spec, shown.keep_every, workers) for s in sources)
        weights, changes = self.given.weights or None, Augmentation(shown.colour)
        return Samples.of(sources, stats, processor, how.seed, weights, weigh, changes, mix, committed)

    def places(self, samples: Samples, k: int) -> list[Place]:
        """Of micro-batch k of this process."""
        return [samples.place(i) for i in self.slices.indices(k).tolist()]

    def apart(self, samples: Samples) -> list[Place]:
        """On which the stage is validated, the same for all processes."""
        return [samples.apart(i) for i in range(self.settings.train.execution.validate_on)]

    def robots(self, stats: Mapping[str, Stats]) -> dict[str, Robot]:
        """What a checkpoint serves that was trained on this."""
        embodiments = {source.embodiment.name: source.embodiment for source in self.sources}
        return {name: Robot(robot, stats[name]) for name, robot in embodiments.items()}

    def identity(self, start: str) -> dict[str, Any]:
        """What makes a run another one, beside how it learns. start: fingerprint of the weights."""
        return {
            "stage": {name: value for name, value in asdict(self.settings).items() if name != "train"},
            "data": {name: summary.stats.fingerprint for name, summary in self.fitted.items()},
            "weights": list(self.given.weights),
            "held out": [source.validation.tolist() for source in self.sources],
            "start": start,
        }
