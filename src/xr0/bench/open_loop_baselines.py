"""What a policy must beat: rules that see no picture, fitted on the episodes that are not evaluated.

All but the first speak the model's own language: commands seen from the chunk's start, states in standard
deviations of their training data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from xr0.bench.open_loop_errors import SPREAD_FLOOR, spreads
from xr0.bench.open_loop_ridge import Moments, best_penalty, total
from xr0.data.robots import encoded
from xr0.data.source import Source, Windows
from xr0.transform.actions import decode_actions, encode_state
from xr0_robot.features import ACTION

FITTED_FRAMES = 20_000
"""At most, evenly spaced: more than these rules can use, and seconds to read."""

FOLDS = 5
"""Of the episodes, at most, for the ridge's penalty."""

MEANINGS: Mapping[str, str] = {
    "hold": "the last command that is known, of the prefix or before the frame, repeated (a motion: none)",
    "mean": "the mean command of each tick, seen from the chunk's start",
    "nearest": "the chunk of the frame with the nearest state",
    "ridge": "ridge regression of the chunk on the state, its penalty chosen on episodes left out",
}


@dataclass(frozen=True)
class Baselines:
    """Fitted to m frames of a source's training episodes.

    places [m, 2]: episode and frame; states [m, s] in standard deviations from `mean` [s] by `std` [s];
    weights [s + 1, t, d], the last row what is told at the mean state; spread [q]: of the commands.
    """

    source: Source
    places: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    states: np.ndarray
    weights: np.ndarray
    spread: np.ndarray

    @staticmethod
    def fit(source: Source) -> Baselines:
        """Reads the training episodes twice, some windows at a time."""
        places, states, commands = [], [], []
        for episode, block in _blocks(source):
            places.append(np.stack([np.full(len(block.frame), episode), block.frame], axis=1))
            states.append(encode_state(block.state.astype(np.float64), source.embodiment))
            commands.append(block.actions[:, 0].astype(np.float64))
        raw = np.concatenate(states)
        mean, std = raw.mean(axis=0), np.maximum(raw.std(axis=0), SPREAD_FLOOR)
        normal = (raw - mean) / std
        folds = _folds(source, np.concatenate([normal, np.ones((len(normal), 1))], axis=1))
        weights = total(folds).fit(best_penalty(folds, SPREAD_FLOOR))
        return Baselines(
            source,
            np.concatenate(places),
            mean,
            std,
            normal,
            weights.reshape(len(weights), source.horizon, -1),
            spreads(np.concatenate(commands), source.embodiment),
        )

    def chunks(self, episode: int, frame: int, prefix: int) -> dict[str, np.ndarray]:
        """What each of MEANINGS commands from a frame on, native [t, native]; frame above 0. prefix: ticks
        from the frame on whose commands are known."""
        robot = self.source.embodiment
        state = self.source.windows(episode, np.array([frame])).state[0].astype(np.float64)
        normal = (encode_state(state, robot) - self.mean) / self.std
        told_until = min(frame + prefix, int(self.source.dataset.episodes.length[episode]))
        last = self.source.numbers.rows(ACTION, episode, told_until - 1, told_until).astype(np.float64)
        like, when = self.places[np.square(self.states - normal).sum(axis=1).argmin()].tolist()
        found = self.source.windows(like, np.array([when]))
        told = {
            "mean": self.weights[-1],
            "nearest": encoded(found.state, found.actions, robot)[1][0],
            "ridge": np.tensordot(np.append(normal, 1.0), self.weights, 1),
        }
        held = np.repeat(robot.hold(last), self.source.horizon, axis=0)
        return {"hold": held} | {name: decode_actions(chunk, state, robot) for name, chunk in told.items()}


def _blocks(source: Source) -> Iterator[tuple[int, Windows]]:
    """Episode and windows of the frames that are fitted to."""
    count = int(source.dataset.episodes.length[source.training].sum())
    step = -(-count // FITTED_FRAMES)
    for episode in source.training.tolist():
        frames = np.arange(0, int(source.dataset.episodes.length[episode]), step)
        for block in source.blocks(episode, frames):
            yield episode, block


def _folds(source: Source, known: np.ndarray) -> list[Moments]:
    """Moments of what is known [m, k] and the encoded chunks, episodes dealt out to the folds in turn."""
    folds: dict[int, Moments] = {}
    order = {episode: k for k, episode in enumerate(source.training.tolist())}
    row = 0
    for episode, block in _blocks(source):
        chunks = encoded(block.state, block.actions, source.embodiment)[1]
        x = known[row : row + len(chunks)]
        moments = Moments.of(x, chunks.reshape(len(chunks), -1))
        row += len(chunks)
        fold = order[episode] % FOLDS
        folds[fold] = folds[fold].plus(moments) if fold in folds else moments
    return list(folds.values())
