"""A policy against what was demonstrated, frame by frame and without a robot: its chunk at frames of episodes
that it was not trained on, next to simple rules'.

It says whether a policy has learned from its data at all; not whether it succeeds, which only a robot says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xr0.bench import open_loop_errors as measure
from xr0.bench.open_loop_baselines import MEANINGS, Baselines
from xr0.bench.open_loop_errors import Quantity
from xr0.data.source import Source
from xr0.policy import Policy, Request
from xr0_robot import report as results

POLICY = "policy"
NAMES = (POLICY, *MEANINGS)
"""Who commands."""

BATCH = 8
"""Frames that a policy answers at once."""

TICKS = (1, 5, 10, 15, 20, 30, 45, 60, 90, 120)
"""After which an error is reported, as far as a chunk reaches."""

MIN_EPISODES = 10
"""With fewer, intervals are taken over blocks of frames."""

BLOCK_CHUNKS = 2
"""Chunk lengths of a block: frames further apart share no demonstrated command."""


@dataclass(frozen=True)
class Comparison:
    """n frames: errors [n, 5, t, q] of NAMES; shown [n, t] is False behind an episode's end. The frames
    starts[k] to starts[k + 1] stand and fall together; spread [q] of the demonstrated commands."""

    quantities: tuple[Quantity, ...]
    errors: np.ndarray
    shown: np.ndarray
    starts: np.ndarray
    spread: np.ndarray
    blocks: str


def chosen_frames(source: Source, every: int, most: int) -> list[tuple[int, int]]:
    """(episode, frame) of the held-out episodes: each `every`-th frame from the second on, since a command
    before it can be held; thinned evenly to `most`. ValueError where there is none."""
    lengths = source.dataset.episodes.length
    frames = [(e, k) for e in source.validation.tolist() for k in range(1, int(lengths[e]), every)]
    if not frames:
        raise ValueError(f"dataset {source.dataset.root}: the evaluated episodes have a single frame each")
    kept = np.unique(np.linspace(0, len(frames) - 1, min(most, len(frames))).round().astype(int))
    return [frames[k] for k in kept]


def compare(
    policy: Policy,
    source: Source,
    frames: Sequence[tuple[int, int]],
    names: Sequence[str],
    prefix: int,
    done: Callable[[int], None],
) -> Comparison:
    """The policy and the baselines at `frames`, pairs of episode and frame.

    source: has the policy's robot and horizon; the baselines are fitted to its training episodes. names: of
    the command's native numbers. prefix: ticks whose commands are committed, as on a robot that thinks while
    it moves: all are told them, and none is judged by them. done: is told how many frames are, now and then.
    ValueError for a longer prefix than the policy continues.
    """
    if not 0 <= prefix <= policy.max_prefix:
        raise ValueError(f"prefix: got {prefix} ticks, expected 0 to {policy.max_prefix} for this checkpoint")
    baselines = Baselines.fit(source)
    found, shown = [], []
    for first in range(0, len(frames), BATCH):
        some = frames[first : first + BATCH]
        windows = [source.windows(episode, np.array([frame])) for episode, frame in some]
        requests = [
            Request(
                source.images(episode, frame),
                window.state[0],
                window.tasks[0],
                window.actions[0, :prefix] if prefix else None,
                seed=first + k,
            )
            for k, ((episode, frame), window) in enumerate(zip(some, windows, strict=True))
        ]
        answers, _ = policy.infer_batch(requests)
        for place, window, answer in zip(some, windows, answers, strict=True):
            told = {POLICY: answer} | baselines.chunks(*place, prefix)
            chunks = np.stack([told[name] for name in NAMES])
            found.append(measure.errors(chunks, window.actions.astype(np.float64), source.embodiment))
            shown.append(~window.pad[0] & (np.arange(source.horizon) >= prefix))
        done(len(found))
    starts, blocks = _blocks(frames, source.horizon)
    quantities = measure.quantities(source.embodiment, names)
    return Comparison(quantities, np.stack(found), np.stack(shown), starts, baselines.spread, blocks)


def about(
    policy: Policy, source: Source, frames: Sequence[tuple[int, int]], every: int, prefix: int
) -> dict[str, Any]:
    """What was compared, on which machine."""
    return {
        "what": "open-loop error",
        "checkpoint": {"name": policy.checkpoint.name, "fingerprint": policy.checkpoint.fingerprint},
        "robot": source.embodiment.name,
        "dataset": {"name": source.dataset.root.name, "fingerprint": source.numbers.fingerprint},
        "episodes": source.validation,
        "baselines_fitted_to": source.training,
        "frames": len(frames),
        "every": every,
        "prefix": prefix,
        "horizon": source.horizon,
        "rate_hz": source.embodiment.rate_hz,
        "written": results.now(),
        "code": results.code(),
        "machine": results.machine(),
        "versions": results.versions(),
    }


def report(comparison: Comparison) -> dict[str, Any]:
    """Everything in numbers: means with 95 % intervals, `mean` over the horizon behind the prefix and `at`
    single ticks.

    normalised: errors in standard deviations of each quantity, averaged over the quantities.
    """
    normal = (comparison.errors / comparison.spread).mean(axis=-1, keepdims=True)
    quantities = comparison.quantities
    found: dict[str, Any] = {
        "intervals": f"95 % bootstrap over {len(comparison.starts)} {comparison.blocks}",
        "meanings": {POLICY: "the checkpoint's chunk"} | dict(MEANINGS),
        "spread": {q.name: s for q, s in zip(quantities, comparison.spread.tolist(), strict=True)},
        "units": {q.name: q.unit for q in quantities},
        "normalised": {},
        "errors": {q.name: {} for q in quantities},
        "policy_less": {},
    }
    for k, name in enumerate(NAMES):
        overall = _tables(normal[:, k], comparison)[0]
        overall["by_tick"] = _by_tick(normal[:, k, :, 0], comparison.shown)
        found["normalised"][name] = overall
        for quantity, table in zip(quantities, _tables(comparison.errors[:, k], comparison), strict=True):
            found["errors"][quantity.name][name] = table
        if name != POLICY:
            found["policy_less"][name] = _tables(normal[:, 0] - normal[:, k], comparison)[0]["mean"]
    return found


def lines(found: Mapping[str, Any]) -> list[str]:
    """A report for people."""
    shown = [f"{'':10}{'error / std':>12}   95 %            policy less it, 95 %"]
    for name, table in found["normalised"].items():
        mean = table["mean"]
        line = f"{name:10}{mean['value']:12.3f}   {mean['low']:.3f} to {mean['high']:.3f}"
        if name != POLICY:
            less = found["policy_less"][name]
            line += f"   {less['value']:+.3f} ({less['low']:+.3f} to {less['high']:+.3f})"
        shown.append(line)
    shown += ["", f"{'':28}" + "".join(f"{name:>10}" for name in NAMES)]
    for quantity, tables in found["errors"].items():
        values = "".join(f"{tables[name]['mean']['value']:10.4f}" for name in NAMES)
        shown.append(f"{quantity[:27]:28}{values}  {found['units'][quantity]}")
    return [*shown, "", f"intervals: {found['intervals']}"]


def _tables(errors: np.ndarray, comparison: Comparison) -> list[dict[str, Any]]:
    """Of errors [n, t, q], for each q: {"mean": over the horizon, "at": {tick: ...}}."""
    shown = comparison.shown
    counted = np.where(shown[..., None], errors, 0.0)
    whole = measure.interval(counted.sum(axis=1), shown.sum(axis=1), comparison.starts)
    tables = [{"mean": _values(whole, q), "at": {}} for q in range(errors.shape[-1])]
    ticks = [tick for tick in TICKS if tick <= shown.shape[1] and shown[:, tick - 1].any()]
    for tick in ticks:
        one = measure.interval(counted[:, tick - 1], shown[:, tick - 1].astype(int), comparison.starts)
        for q, table in enumerate(tables):
            table["at"][str(tick)] = _values(one, q)
    return tables


def _values(interval: Sequence[np.ndarray], q: int) -> dict[str, float]:
    return dict(zip(("value", "low", "high"), (float(part[q]) for part in interval), strict=True))


def _by_tick(errors: np.ndarray, shown: np.ndarray) -> list[float]:
    """The mean over frames of errors [n, t], tick by tick, as far as any frame's episode goes; NaN in the
    prefix, where none is judged."""
    judged = np.flatnonzero(shown.any(axis=0))
    first, end = int(judged[0]), int(judged[-1]) + 1
    counted = np.where(shown, errors, 0.0)[:, first:end].sum(axis=0) / shown[:, first:end].sum(axis=0)
    return [math.nan] * first + counted.tolist()


def _blocks(frames: Sequence[tuple[int, int]], horizon: int) -> tuple[np.ndarray, str]:
    """Where blocks of frames begin, and what they are."""
    episodes, frame = np.array(frames).T
    if len(np.unique(episodes)) >= MIN_EPISODES:
        kept, what = episodes, "episodes"
    else:
        length = BLOCK_CHUNKS * horizon
        kept, what = episodes * (1 + frame.max() // length) + frame // length, f"blocks of {length} ticks"
    return np.flatnonzero(np.append(True, np.diff(kept) != 0)), what
