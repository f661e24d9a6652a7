"""How far commands lie from those that were demonstrated: per number, in units that people read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from xr0_robot import rotation
from xr0_robot.canonical import to_canonical
from xr0_robot.types import Embodiment

SPREAD_FLOOR = 0.01
"""1 cm, 0.6 degrees or 1 % of a stroke, as the floor of statistics: what hardly moves is not blown up."""

RESAMPLES = 1000
"""Of a bootstrap."""

INTERVAL = (0.025, 0.975)
"""Its quantiles: two-sided 95 %."""


@dataclass(frozen=True)
class Quantity:
    """What is compared. unit: "m"; "deg", the angle between two rotations; "stroke", a gripper's from 0 to 1;
    "SI", a joint's rad or whatever a plain number is."""

    name: str
    unit: str


def quantities(embodiment: Embodiment, names: Sequence[str]) -> tuple[Quantity, ...]:
    """Of a command whose native numbers are called `names`. A pose's rotation is one quantity;
    where several have one name, their places tell them apart."""
    found = []
    for segment in embodiment.segments:
        own = names[segment.native_slice]
        if segment.kind == "pose":
            found += [Quantity(name, "m") for name in own[:3]] + [Quantity(f"{segment.name} turn", "deg")]
        else:
            found += [Quantity(name, "stroke" if segment.kind == "gripper" else "SI") for name in own]
    called = [quantity.name for quantity in found]
    return tuple(
        replace(quantity, name=f"{quantity.name} [{k}]") if called.count(quantity.name) > 1 else quantity
        for k, quantity in enumerate(found)
    )


def errors(told: np.ndarray, shown: np.ndarray, embodiment: Embodiment) -> np.ndarray:
    """Absolute errors [..., q] of native commands `told` [..., native] against those `shown`."""
    parts = []
    for segment in embodiment.segments:
        a, b = (to_canonical(values[..., segment.native_slice], segment) for values in (told, shown))
        if segment.kind == "pose":
            parts += [np.abs(a[..., :3] - b[..., :3]), _degrees_between(a[..., 3:], b[..., 3:])[..., None]]
        else:
            parts.append(np.abs(a - b))
    return np.concatenate(parts, axis=-1)


def spreads(shown: np.ndarray, embodiment: Embodiment) -> np.ndarray:
    """Standard deviations [q] of native commands [n, native], floored; of a rotation, from the mean one."""
    parts = []
    for segment in embodiment.segments:
        values = to_canonical(shown[:, segment.native_slice], segment)
        if segment.kind == "pose":
            turns = _degrees_between(values[:, 3:], _mean_rotation(values[:, 3:]))
            floor = np.degrees(SPREAD_FLOOR)
            parts += [_floored(values[:, :3]), [max(float(np.sqrt((turns**2).mean())), floor)]]
        else:
            parts.append(_floored(values))
    return np.concatenate(parts)


def interval(sums: np.ndarray, counts: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, ...]:
    """Mean, and its 95 % bootstrap interval low and high [...], of n frames whose errors are `sums` [n, ...]
    of `counts` [n] numbers.

    Neighbouring frames are alike, so whole blocks are drawn: frames starts[k] to starts[k + 1].
    """
    sums, counts = np.add.reduceat(sums, starts), np.add.reduceat(counts, starts)
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(len(starts), np.full(len(starts), 1 / len(starts)), size=RESAMPLES)
    column = (slice(None), *[None] * (sums.ndim - 1))
    with np.errstate(invalid="ignore"):  # a resample may have no such tick at all
        means = np.tensordot(drawn.astype(np.float64), sums, 1) / (drawn @ counts)[column]
        low, high = np.nanquantile(means, INTERVAL, axis=0)
    return sums.sum(axis=0) / counts.sum(), low, high


def _floored(values: np.ndarray) -> np.ndarray:
    return np.maximum(values.std(axis=0), SPREAD_FLOOR)


def _degrees_between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The angles [...] that turn axis-angles a [..., 3] into b."""
    turn = np.swapaxes(rotation.exp(a), -1, -2) @ rotation.exp(b)
    return np.degrees(np.linalg.norm(rotation.log(turn), axis=-1))


def _mean_rotation(turns: np.ndarray) -> np.ndarray:
    """The rotation nearest to the mean matrix of axis-angles [n, 3], as one [3]."""
    u, _, vt = np.linalg.svd(rotation.exp(turns).mean(axis=0))
    return rotation.log(u @ np.diag([1.0, 1.0, np.linalg.det(u @ vt)]) @ vt)
