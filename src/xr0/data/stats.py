"""Statistics of training data in the model's space, by which it is normalised."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from xr0.data.moments import Moments, Spread, floored
from xr0.data.robots import by_robot, encoded
from xr0.data.source import BLOCK, Source
from xr0.data.summary import Summary
from xr0.transform.normalize import Quantiles, Stats

MAX_WINDOWS = 200_000
"""That are looked at, evenly spaced: a mean to 0.2 % of its std, in minutes for any amount of data."""

QUANTILE_WINDOWS = 4_096
"""At most, of which the quantiles are taken: q01 lies between 0.7 and 1.3 %."""

FINGERPRINT_FORMAT = "xr0-stats-2"


def summaries(sources: Sequence[Source], max_windows: int = MAX_WINDOWS) -> Mapping[str, Summary]:
    """Of each robot, over all its datasets and both their training and validation episodes.

    Two passes over at most `max_windows` evenly spaced windows; memory does not grow with the data. Ticks
    behind an episode's end count for nothing. ValueError as `by_robot`.
    """
    return {name: _summary(of_robot, max_windows) for name, of_robot in by_robot(sources).items()}


def _summary(sources: Sequence[Source], max_windows: int) -> Summary:
    robot, horizon = sources[0].embodiment, sources[0].horizon
    frames = sum(source.dataset.frame_count for source in sources)
    spacing = max(1, -(-frames // max_windows))
    keep_every = max(1, -(-frames // (spacing * QUANTILE_WINDOWS)))
    of_actions = Moments(horizon, robot.model_dim, keep_every)
    of_state = Moments(1, robot.model_dim, keep_every)
    for actions, inside, state in _blocks(sources, spacing):
        of_actions.add(actions, inside)
        of_state.add(state[:, None], np.ones((len(state), 1), bool))
    told, sensed = of_actions.spread(), of_state.spread()
    actions_outside, state_outside = _outside(_blocks(sources, spacing), told, sensed)
    return Summary(
        robot=robot,
        frames=frames,
        windows=-(-frames // spacing),
        stats=_stats(told, sensed, _fingerprint(sources, max_windows)),
        actions=told,
        state=sensed,
        actions_outside=actions_outside,
        state_outside=state_outside,
    )


def _stats(actions: Spread, state: Spread, fingerprint: str) -> Stats:
    arrays = (actions.mean, floored(actions.std), state.mean[0], floored(state.std[0]))
    usual = (actions.q01, actions.q99, state.q01[0], state.q99[0])
    return Stats(
        *(array.astype(np.float32) for array in arrays),
        fingerprint=fingerprint,
        quantiles=Quantiles(*(array.astype(np.float32) for array in usual)),
    )


def _fingerprint(sources: Sequence[Source], max_windows: int) -> str:
    """sha256 of all that the statistics follow from, so that it is the same on every machine."""
    robot = sources[0].embodiment.to_dict()
    content = {
        "format": FINGERPRINT_FORMAT,
        "datasets": sorted(source.numbers.fingerprint for source in sources),
        "layout": [robot["segments"], robot["sensed"], robot["model_dim"]],
        "horizon": sources[0].horizon,
        "windows": max_windows,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _outside(blocks: Iterator[Block], actions: Spread, state: Spread) -> tuple[np.ndarray, np.ndarray]:
    """Share of values outside of q01 to q99, of actions [d] and of states [d]."""
    slots = actions.mean.shape[1]
    beyond, count = np.zeros((2, slots)), np.zeros(2)
    for values, inside, sensed in blocks:
        for k, (shown, spread) in enumerate(((values[inside], actions), (sensed, state))):
            tick = np.nonzero(inside)[1] if k == 0 else np.zeros(len(sensed), int)
            beyond[k] += ((shown < spread.q01[tick]) | (shown > spread.q99[tick])).sum(axis=0)
            count[k] += len(shown)
    return beyond[0] / count[0], beyond[1] / count[1]


Block = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Encoded actions [n, t, d], which of them lie inside their episode [n, t], and encoded states [n, d]."""


def _blocks(sources: Sequence[Source], spacing: int) -> Iterator[Block]:
    """Every `spacing`-th window of all frames in a row, some at a time, whatever the episodes' lengths."""
    waiting: list[Block] = []
    for block in _episode_blocks(sources, spacing):
        waiting.append(block)
        if sum(len(pad) for _, pad, _ in waiting) >= BLOCK:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def _joined(blocks: Sequence[Block]) -> Block:
    actions, inside, state = (np.concatenate(arrays) for arrays in zip(*blocks, strict=True))
    return actions, inside, state


def _episode_blocks(sources: Sequence[Source], spacing: int) -> Iterator[Block]:
    behind = 0
    for source in sources:
        for episode, length in enumerate(source.dataset.episodes.length.tolist()):
            frames = np.arange(-behind % spacing, length, spacing)
            behind += length
            for windows in source.blocks(episode, frames):
                state, actions = encoded(windows.state, windows.actions, source.embodiment)
                yield actions, ~windows.pad, state
