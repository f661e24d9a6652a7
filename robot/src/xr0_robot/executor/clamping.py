"""One segment's command, brought within its limit as little as may be."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from xr0_robot import canonical, rotation
from xr0_robot.executor.braking import UNLIMITED, Bounds, next_step, shorten
from xr0_robot.limits import Limit, MotionLimit, Numbers, PlainLimit, PoseLimit
from xr0_robot.types import Segment

STILL = np.zeros((1, 3))
"""What is behind, and the last step, where no acceleration is limited: it makes no difference."""


@dataclass(frozen=True)
class Past:
    """What was sent [size]: last, and before that; and what was wanted instead of the last."""

    before: np.ndarray
    last: np.ndarray
    wanted: np.ndarray


@dataclass(frozen=True)
class Clamped:
    """What may be sent [size], which limits changed it, and what is wanted within the range or the box."""

    command: np.ndarray
    wanted: np.ndarray
    names: tuple[str, ...]


def clamp(segment: Segment, limit: Limit, dt: float, wanted: np.ndarray, past: Past) -> Clamped:
    """wanted: float64 [size], a command that is one. What breaks no limit keeps its bits."""
    if isinstance(limit, PoseLimit):
        return _pose(segment, limit, dt, wanted, past)
    if isinstance(limit, MotionLimit):
        return _motion(segment.name, limit, wanted, past)
    return _plain(segment.name, limit, dt, wanted, past)


def _plain(name: str, limit: PlainLimit, dt: float, wanted: np.ndarray, past: Past) -> Clamped:
    """Each number for itself."""
    inside, names = _in_range(name, limit, wanted)
    within_rate = (np.abs(inside - past.last) <= np.multiply(limit.rate, dt)).all()
    if within_rate and np.isinf(limit.acceleration).all():  # the usual case, and the whole question then
        return Clamped(inside, inside, names)
    low, high = _rows(limit.low, len(wanted)), _rows(limit.high, len(wanted))
    bounds = _bounds(past.last[:, None], low, high, limit.rate, limit.acceleration, dt)
    step, behind, before = (inside - past.last, past.wanted - past.last, past.last - past.before)
    found = next_step(step[:, None], behind[:, None], before[:, None], bounds)
    names += (f"{name} rate",) * found.slowed + (f"{name} acceleration",) * found.braked
    taken = found.step[:, 0]
    led = _kept(past.last + taken, past.last, low[:, 0], high[:, 0])
    return Clamped(np.where(taken == step, inside, led), inside, names)


def _motion(name: str, limit: MotionLimit, wanted: np.ndarray, past: Past) -> Clamped:
    """Range first: a shortened motion stays in a range that has 0 in it, and so does one on the way from the
    last motion."""
    inside, names = _in_range(name, limit, wanted)
    motion, shortened = shorten(inside[None], np.array([[limit.magnitude]]))
    change, changed = shorten(motion - past.last, np.array([[limit.change]]))
    names += (f"{name} magnitude",) * bool(shortened.any()) + (f"{name} change",) * bool(changed.any())
    return Clamped(np.where(changed, past.last + change, motion)[0], inside, names)


def _in_range(
    name: str, limit: PlainLimit | MotionLimit, wanted: np.ndarray
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Within the tolerance it is no intervention."""
    inside = np.clip(wanted, limit.low, limit.high)
    beyond = np.abs(wanted - inside) > limit.tolerance * np.subtract(limit.high, limit.low)
    return inside, (f"{name} range",) * bool(beyond.any())


def _pose(segment: Segment, limit: PoseLimit, dt: float, wanted: np.ndarray, past: Past) -> Clamped:
    """The position, then the rotation: one that breaks no limit keeps its bits."""
    name = segment.name
    inside = wanted.copy()
    inside[:3] = np.clip(wanted[:3], limit.low, limit.high)
    names = (f"{name} box",) * bool((inside != wanted).any())
    low, high = np.array([limit.low]), np.array([limit.high])
    bounds = _bounds(past.last[None, :3], low, high, limit.speed_m_s, limit.acceleration_m_s2, dt)
    step = (inside - past.last)[None, :3]
    behind, before = (past.wanted - past.last)[None, :3], (past.last - past.before)[None, :3]
    found = next_step(step, behind, before, bounds)
    names += (f"{name} speed",) * found.slowed + (f"{name} acceleration",) * found.braked
    command = inside.copy()
    if (found.step != step).any():
        command[:3] = _kept(past.last[:3] + found.step[0], past.last[:3], low[0], high[0])
    turned, turn_names = _turned(segment, limit, dt, command, past)
    return Clamped(turned, inside, names + turn_names)


def _turned(
    segment: Segment, limit: PoseLimit, dt: float, command: np.ndarray, past: Past
) -> tuple[np.ndarray, tuple[str, ...]]:
    """The command with a rotation within the limits. Turns are vectors in the tool's own frame."""
    start = _matrix(past.last, segment)
    turn, behind, before = rotation.log(start.T @ _matrix(command, segment))[None], STILL, STILL
    acceleration = limit.turn_acceleration_rad_s2
    if np.isfinite(acceleration):
        if not np.array_equal(past.wanted, past.last):
            behind = rotation.log(start.T @ _matrix(past.wanted, segment))[None]
        before = rotation.log(_matrix(past.before, segment).T @ start)[None]
    bounds = _bounds(STILL, -np.inf, np.inf, limit.turn_rad_s, acceleration, dt)
    found = next_step(turn, behind, before, bounds)
    names = (f"{segment.name} turn",) * found.slowed + (f"{segment.name} turn acceleration",) * found.braked
    if (found.step == turn).all():
        return command, names
    turned = rotation.log(start @ rotation.exp(found.step[0]))
    return canonical.to_native(np.concatenate([command[:3], turned]), segment), names


def _matrix(command: np.ndarray, segment: Segment) -> np.ndarray:
    return rotation.exp(canonical.to_canonical(command, segment)[3:])


def _bounds(
    here: np.ndarray,
    low: np.ndarray | float,
    high: np.ndarray | float,
    speed: Numbers,
    acceleration: Numbers,
    dt: float,
) -> Bounds:
    """From limits per second to those of a tick. What begins outside of its box is let in, and not further
    out."""
    per_tick = _per_tick(speed, acceleration, dt, len(here))
    return Bounds(*per_tick, np.minimum(low - here, 0.0), np.maximum(high - here, 0.0))


@lru_cache(maxsize=256)
def _per_tick(speed: Numbers, acceleration: Numbers, dt: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Both [count, 1]; the same few in every tick."""
    least = np.minimum(np.multiply(acceleration, dt * dt), UNLIMITED)
    return _rows(np.multiply(speed, dt), count), _rows(least, count)


def _kept(command: np.ndarray, last: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """What rounding took out of the range is put back."""
    return np.clip(command, np.minimum(low, last), np.maximum(high, last))


def _rows(numbers: Numbers | np.ndarray, count: int) -> np.ndarray:
    """One number for all, or one for each, as [count, 1]."""
    return np.broadcast_to(np.asarray(numbers, dtype=np.float64), (count,))[:, None]
