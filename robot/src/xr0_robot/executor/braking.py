"""The next step of something that must keep to a speed and an acceleration, and never outrun its brakes.

Rows of vectors [n, k], each row with limits of its own [n, 1]: numbers are rows of one, positions and
rotations of three. A step is what one tick adds; speeds are lengths per tick, accelerations lengths per tick
and tick.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

UNLIMITED = 1e18
"""Stands for an infinite acceleration, with which nothing can be computed."""

SLACK = 1e-9
"""Room that rounding may take; far below what any robot resolves."""

HALVINGS = 12
"""Of the way between two steps: what is given away is at most a 4096th of it."""


@dataclass(frozen=True)
class Bounds:
    """speed, acceleration: [n, 1], above 0; below, above: how far it may go from here along each axis [n, k],
    0 or less and 0 or more."""

    speed: np.ndarray
    acceleration: np.ndarray
    below: np.ndarray
    above: np.ndarray


@dataclass(frozen=True)
class Step:
    """What the next tick may add [n, k], and which limit shortened it."""

    step: np.ndarray
    slowed: bool
    braked: bool


def next_step(wanted: np.ndarray, behind: np.ndarray, before: np.ndarray, bounds: Bounds) -> Step:
    """The step towards what is `wanted` now, after the step `before`; `wanted` itself, to the bit, where it
    breaks no limit.

    behind: from where the last step led to what was wanted then. What has fallen behind catches up so that it
    arrives at the speed of what it follows, instead of swinging about it.
    """
    late = _length(behind) > bounds.acceleration
    step = wanted
    if late.any():
        step = np.where(late, wanted - behind + approach(behind, bounds.acceleration), wanted)
    step, slowed = shorten(step, bounds.speed)
    # Both are balls with `before` in them: moved into one, what was in the other stays there.
    change, changed = shorten(step - before, bounds.acceleration)
    if changed.any():
        step = np.where(changed, before + change, step)
    room = _has_room(step, bounds)
    if not room.all():
        step = np.where(room, step, _with_room(step, before, bounds))
    return Step(step, bool(slowed.any()), bool((late | changed | ~room).any()))


def approach(gap: np.ndarray, acceleration: np.ndarray) -> np.ndarray:
    """The longest step [n, k] from rest towards a point at `gap` that can still be braked to end there."""
    distance = _length(gap)
    ticks = np.floor((np.sqrt(1.0 + 8.0 * distance / acceleration) - 1.0) / 2.0)
    longest = distance / (ticks + 1.0) + acceleration * ticks / 2.0
    return gap * _ratio(longest, distance)


def travel(length: np.ndarray, acceleration: np.ndarray) -> np.ndarray:
    """How far a step of this length u leads [n, 1] with the braking behind it: u + (u - a) + (u - 2a)..."""
    ticks = np.floor(length / acceleration)
    return (ticks + 1.0) * (length - acceleration * ticks / 2.0)


def brake(before: np.ndarray, acceleration: np.ndarray) -> np.ndarray:
    """The shortest step [n, k] that may follow `before`."""
    length = _length(before)
    return before * _ratio(np.maximum(length - acceleration, 0.0), length)


def shorten(step: np.ndarray, longest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """No longer than that, in its direction; and which rows were."""
    length = _length(step)
    too_long = np.asarray(length > longest)
    if too_long.any():
        step = step * _ratio(np.minimum(longest, length), length)
    return step, too_long


def _has_room(step: np.ndarray, bounds: Bounds) -> np.ndarray:
    """Whether what follows can be braked straight on, within the room [n, 1]."""
    end = _end(step, bounds)
    inside = (end >= bounds.below - SLACK) & (end <= bounds.above + SLACK)
    return np.asarray(inside.all(axis=-1, keepdims=True))


def _with_room(step: np.ndarray, before: np.ndarray, bounds: Bounds) -> np.ndarray:
    """Turned away from the wall: each axis for itself as slow as it must be. Where that would turn too
    sharply, as much of the way there from plain braking, which always has room, as is allowed."""
    end = _end(step, bounds)
    turned = step * _ratio(np.clip(end, bounds.below, bounds.above), end)
    least = brake(before, bounds.acceleration)
    share, part = np.where(_allowed(turned, before, bounds), 1.0, 0.0), 1.0
    for _ in range(0 if share.all() else HALVINGS):
        part /= 2.0
        further = np.minimum(share + part, 1.0)
        share = np.where(_allowed(least + further * (turned - least), before, bounds), further, share)
    return np.where(share == 1.0, turned, least + share * (turned - least))


def _allowed(step: np.ndarray, before: np.ndarray, bounds: Bounds) -> np.ndarray:
    bend = _length(step - before)
    return _has_room(step, bounds) & (bend <= bounds.acceleration)


def _end(step: np.ndarray, bounds: Bounds) -> np.ndarray:
    """Where it comes to rest, braked straight on [n, k]."""
    length = _length(step)
    return step * _ratio(travel(length, bounds.acceleration), length)


def _length(rows: np.ndarray) -> np.ndarray:
    return np.sqrt((rows * rows).sum(axis=-1, keepdims=True))


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """part / whole, and 1 where there is no whole."""
    return np.divide(part, whole, out=np.ones(np.broadcast(part, whole).shape), where=whole != 0.0)
