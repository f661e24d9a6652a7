"""The samples of a run: sources and robots mixed by weight. Sample i is a pure function of (seed, i)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xr0.data.collate import Row, collate
from xr0.data.drawing import Drawing
from xr0.data.robots import by_robot, encoded, sizeless
from xr0.data.source import Source, Weigh, Windows
from xr0.transform.augment import Augmentation
from xr0.transform.normalize import Stats
from xr0.transform.processor import Processor
from xr0.types import Batch
from xr0_robot.types import Embodiment

PLACE, OWN, SHARED, HELD_OUT, VIEW, OTHER = range(6)
"""What a random number is for; each draws from a generator of its own."""


Mix = Callable[[np.ndarray, np.ndarray, Embodiment, int], np.ndarray]
"""What a sample is shown instead of its encoded actions [t, d]: from them, from those of another frame of the
same source, of which robot, and the sample's seed."""


@dataclass(frozen=True)
class Place:
    """A frame as it was drawn: the number of its source, where it is there, what all else that is random
    about this sample comes from, and whether it is held out, for validation."""

    source: int
    episode: int
    frame: int
    seed: int
    held_out: bool


@dataclass(frozen=True)
class Samples:
    """weights [k]: how often each source is drawn. stats: by the robot's name. augmentation: of the pictures
    of training samples, or None. mix: of a sample's actions with another frame's, or None."""

    sources: tuple[Source, ...]
    weights: np.ndarray
    training: tuple[Drawing, ...]
    validation: tuple[Drawing, ...]
    stats: Mapping[str, Stats]
    processor: Processor
    seed: int
    augmentation: Augmentation | None
    mix: Mix | None = None

    @staticmethod
    def of(
        sources: Sequence[Source],
        stats: Mapping[str, Stats],
        processor: Processor,
        seed: int,
        weights: Sequence[float] | None = None,
        weigh: Weigh | None = None,
        augmentation: Augmentation | None = None,
        mix: Mix | None = None,
        committed: int = 0,
    ) -> Samples:
        """weights: of the sources, else each counts by its training frames. weigh: of frames, else all alike.
        committed: how many ticks of a window the robot may have done of its own accord.

        ValueError for weights that are none, and where robots or statistics do not go together.
        """
        by_robot(sources)
        training = tuple(Drawing.of(source, source.training, weigh, committed) for source in sources)
        validation = tuple(Drawing.of(source, source.validation, weigh, committed) for source in sources)
        for source in sources:
            _check_stats(source, stats)
        if weights is None:
            shares = np.array([source.window_count(source.training).sum() for source in sources], np.float64)
        else:
            shares = np.array(weights, dtype=np.float64)
        if shares.shape != (len(sources),) or not (shares > 0).all() or not np.isfinite(shares).all():
            raise ValueError(f"weights: got {list(weights or ())}, expected {len(sources)} numbers above 0")
        return Samples(
            tuple(sources), shares, training, validation, dict(stats), processor, seed, augmentation, mix
        )

    def place(self, index: int) -> Place:
        """Training sample `index`."""
        return self._draw(self.training, [self.seed, PLACE, index], [self.seed, OWN, index], False)

    def apart(self, index: int) -> Place:
        """Validation sample `index`, drawn as training samples are; the same in every run."""
        return self._draw(self.validation, [HELD_OUT, PLACE, index], [HELD_OUT, OWN, index], True)

    def instruction(self, place: Place) -> str:
        """The sentence of a frame."""
        return self._window(place).tasks[0]

    def row(self, place: Place, instruction: str | None = None) -> Row:
        """A frame as a sample, told its own sentence or `instruction`; all that is random comes from its
        seed. Behind an episode's end the demonstration is to stay."""
        source = self.sources[place.source]
        window, stats = self._window(place), self.stats[source.embodiment.name]
        state, actions = encoded(window.state, window.actions, source.embodiment)
        committed = int(window.committed[0])
        if self.mix is not None and committed == 0:
            actions = self.mix(actions[0], self._elsewhere(place), source.embodiment, place.seed)[None]
        images = source.images(place.episode, place.frame)
        told = window.tasks[0] if instruction is None else instruction
        shown = sizeless(source.embodiment)
        if place.held_out or self.augmentation is None:
            tokens = self.processor.action(images, told, shown)
        else:
            rng = np.random.default_rng([VIEW, place.seed])
            tokens = self.processor.action(images, told, shown, rng, self.augmentation)
        return Row(
            tokens,
            stats.normalize_state(state),
            stats.normalize_actions(actions)[0],
            stats.mask * (window.foreseen[0] | (np.arange(source.horizon) < committed))[:, None],
            committed,
            place.seed,
            source.origin(place.episode, place.frame),
        )

    def batch(self, places: Sequence[Place], step: int) -> Batch:
        """Samples of optimiser step `step`."""
        return self.collate([self.row(place) for place in places], step)

    def collate(self, rows: Sequence[Row], step: int) -> Batch:
        """Rows as the batch of optimiser step `step`."""
        shared = np.random.default_rng([self.seed, SHARED, step]).integers(2**63)
        return collate(rows, self.processor, int(shared))

    def _draw(self, drawings: Sequence[Drawing], where: list[int], own: list[int], held_out: bool) -> Place:
        rng = np.random.default_rng(where)
        which = int(rng.choice(len(self.sources), p=self.weights / self.weights.sum()))
        seed = int(np.random.default_rng(own).integers(2**63))
        return Place(which, *drawings[which].place(rng), seed, held_out)

    def _elsewhere(self, place: Place) -> np.ndarray:
        """Encoded actions [t, d] of another training frame of the place's source."""
        source, rng = self.sources[place.source], np.random.default_rng([OTHER, place.seed])
        episode, frame = self.training[place.source].place(rng)
        window = source.windows(episode, np.array([frame]))
        return encoded(window.state, window.actions, source.embodiment)[1][0]

    def _window(self, place: Place) -> Windows:
        return self.sources[place.source].windows(place.episode, np.array([place.frame]))


def _check_stats(source: Source, stats: Mapping[str, Stats]) -> None:
    robot = source.embodiment.name
    if robot not in stats:
        raise ValueError(f"statistics: got robots {sorted(stats)}, none for {robot}")
    if stats[robot].horizon != source.horizon:
        raise ValueError(
            f"dataset {source.dataset.root}: windows of {source.horizon} ticks, the statistics of robot "
            f"{robot} cover {stats[robot].horizon}"
        )
