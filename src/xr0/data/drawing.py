"""Draws frames of a source's episodes: all alike, or by a weight that the numbers around a frame decide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xr0.data.source import Source, Weigh, Windows
from xr0_robot.features import INTERVENTION
from xr0_robot.types import Embodiment


@dataclass(frozen=True)
class Drawing:
    """cumulative: of the weights of `episodes`, float64. weigh: None where all frames weigh the same."""

    source: Source
    episodes: np.ndarray
    cumulative: np.ndarray
    weigh: Weigh | None

    @staticmethod
    def of(source: Source, episodes: np.ndarray, weigh: Weigh | None = None, committed: int = 0) -> Drawing:
        """Frames of `episodes` from whose windows there is something to learn: no more than the first
        `committed` ticks are the robot's own. Where frames differ in weight, or in who commanded, every
        window is looked at once, and only the sums are kept."""
        if INTERVENTION in source.numbers.columns:
            weigh = _learnable(weigh, committed)
        if weigh is None:
            totals = source.window_count(episodes).astype(np.float64)
        else:
            totals = np.array([_weights(source, int(e), weigh).sum() for e in episodes])
        if not totals.sum() > 0:
            raise ValueError(f"dataset {source.dataset.root}: all frames have the weight 0")
        return Drawing(source, episodes, np.cumsum(totals), weigh)

    def place(self, rng: np.random.Generator) -> tuple[int, int]:
        """An episode and a frame of it."""
        point = rng.random() * self.cumulative[-1]
        k = _at(self.cumulative, point)
        episode = int(self.episodes[k])
        rest = point - (self.cumulative[k - 1] if k else 0.0)
        frames = self.source.drawn_frames(episode)
        if self.weigh is None:
            return episode, int(frames[min(int(rest), len(frames) - 1)])
        return episode, int(frames[_at(np.cumsum(_weights(self.source, episode, self.weigh)), rest)])


def _learnable(weigh: Weigh | None, committed: int) -> Weigh:
    def weights(windows: Windows, robot: Embodiment) -> np.ndarray:
        own = np.ones(len(windows.frame)) if weigh is None else weigh(windows, robot)
        return own * (windows.committed <= min(committed, windows.foreseen.shape[1] - 1))

    return weights


def _weights(source: Source, episode: int, weigh: Weigh) -> np.ndarray:
    """Of the frames of an episode that may be drawn."""
    blocks = source.blocks(episode, source.drawn_frames(episode))
    weights = np.concatenate([weigh(block, source.embodiment) for block in blocks])
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise ValueError(f"{source.origin(episode, 0)}: got a weight below 0 or not finite")
    return weights


def _at(cumulative: np.ndarray, point: float) -> int:
    """Which share a point falls into; never one of weight 0."""
    k = int(np.searchsorted(cumulative, point, side="right"))
    return min(k, int(np.searchsorted(cumulative, cumulative[-1])))
