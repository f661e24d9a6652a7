"""The last station before the robot: no command leaves the box, outruns the limits or carries a NaN."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from xr0_robot import canonical, rotation
from xr0_robot.limits import Limit, Limits, MotionLimit, PlainLimit, PoseLimit
from xr0_robot.types import Embodiment, Segment, finite_vector

LARGEST = 1e9
"""No robot's unit makes a number this large; the sines of larger ones lose their digits, then overflow."""


@dataclass(frozen=True)
class Verdict:
    """What may be sent. `clamped` names the limits that changed it by more than their tolerance; `refused`
    says why the robot holds instead."""

    command: np.ndarray
    clamped: tuple[str, ...] = ()
    refused: str | None = None


class Safety:
    """Clamps each command to the limits, relative to the command before; remembers what was sent last."""

    def __init__(self, embodiment: Embodiment, limits: Limits) -> None:
        names = {segment.name for segment in embodiment.segments}
        if names != set(limits):
            raise ValueError(f"safety: got limits for {sorted(limits)}, expected {sorted(names)}")
        for segment in embodiment.segments:
            _check_limit(segment, limits[segment.name], embodiment.twin(segment) is not None)
        self._embodiment = embodiment
        self.limits: Limits = dict(limits)
        self._last: np.ndarray | None = None

    def reset(self, state: np.ndarray) -> None:
        """Begin from where the robot is: measured float [state_dim].

        What the state does not measure begins at its limit's `start`, and nothing has moved yet. ValueError
        where the state is none of this robot.
        """
        measured = _sane("state", state, self._embodiment.state_dim)
        last = np.zeros(self._embodiment.native_dim)
        for segment in self._embodiment.segments:
            limit = self.limits[segment.name]
            if isinstance(limit, PlainLimit) and limit.start is not None:
                last[segment.native_slice] = limit.start
            elif not isinstance(limit, MotionLimit):
                twin = self._embodiment.measured(segment)
                last[segment.native_slice] = canonical.convert(measured[twin.native_slice], twin, segment)
        self._last = last

    def hold(self) -> np.ndarray:
        """The command that stands still [native_dim]: what is absolute is repeated, a motion is none."""
        if self._last is None:
            raise RuntimeError("safety: reset(state) comes before the first command")
        return self._embodiment.hold(self._last)

    def check(self, action: np.ndarray) -> Verdict:
        """What may be sent instead of `action` [native_dim]; a NaN, another shape or a rotation that is none
        is answered by a hold."""
        verdict = self._verdict(action, self.hold())
        self._last = verdict.command.copy()
        return verdict

    def preview(self, actions: np.ndarray) -> np.ndarray:
        """What `check` would let through of `actions` [n, native_dim], one by one; nothing changes."""
        sent, last = np.empty_like(actions), self.hold()
        for row, action in enumerate(actions):
            sent[row] = last = self._verdict(action, last).command
        return sent

    def _verdict(self, action: np.ndarray, last: np.ndarray) -> Verdict:
        try:
            command = _sane("command", action, self._embodiment.native_dim)
            for segment in self._embodiment.segments:
                canonical.to_canonical(command[segment.native_slice], segment)
        except ValueError as error:
            return Verdict(self._embodiment.hold(last), refused=str(error))
        clamped: list[str] = []
        for segment in self._embodiment.segments:
            clamped += self._clamp(segment, command, last)
        return Verdict(command, tuple(clamped))

    def _clamp(self, segment: Segment, command: np.ndarray, last: np.ndarray) -> list[str]:
        limit = self.limits[segment.name]
        now, before = command[segment.native_slice], last[segment.native_slice]
        if isinstance(limit, PoseLimit):
            return _clamp_pose(segment, limit, self._embodiment.dt, now, before)
        if isinstance(limit, MotionLimit):
            return _clamp_motion(segment.name, limit, now)
        return _clamp_plain(segment.name, limit, self._embodiment.dt, now, before)


def _sane(name: str, value: np.ndarray, size: int) -> np.ndarray:
    """A finite vector of `size` whose numbers can be computed with; ValueError otherwise."""
    vector = finite_vector(name, value, size)
    if (np.abs(vector) > LARGEST).any():
        raise ValueError(f"{name}: got {np.abs(vector).max():.3g}, expected at most {LARGEST:g}")
    return vector


def _check_limit(segment: Segment, limit: Limit, measured: bool) -> None:
    """ValueError where a limit is not of the segment's kind, not of its size, or leaves its start open."""
    absolute = PoseLimit if segment.kind == "pose" else PlainLimit
    expected = MotionLimit if segment.anchor == "previous" else absolute
    if type(limit) is not expected:
        raise ValueError(
            f"safety: {segment.name} is a {segment.kind} segment, anchor {segment.anchor}: got {limit}, "
            f"expected a {expected.__name__}"
        )
    if isinstance(limit, PoseLimit):
        return
    for field in fields(limit):
        value = getattr(limit, field.name)
        if isinstance(value, tuple) and len(value) != segment.size:
            raise ValueError(
                f"safety: {segment.name}: got {len(value)} numbers for {field.name}, "
                f"expected one or {segment.size}"
            )
    if isinstance(limit, PlainLimit) and measured != (limit.start is None):
        is_measured = "measures" if measured else "does not measure"
        expected_start = "no start" if measured else "a start"
        raise ValueError(
            f"safety: the state {is_measured} {segment.name}: got {limit}, expected {expected_start}"
        )


def _clamp_plain(name: str, limit: PlainLimit, dt: float, now: np.ndarray, before: np.ndarray) -> list[str]:
    """Clamp `now` in place."""
    clamped = _clamp_range(name, limit, now)
    in_range, step = now.copy(), np.multiply(limit.rate, dt)
    now[:] = np.clip(now, before - step, before + step)
    return clamped + [f"{name} rate"] * bool((now != in_range).any())


def _clamp_motion(name: str, limit: MotionLimit, now: np.ndarray) -> list[str]:
    """Clamp `now` in place. Range first: a shortened motion stays in a range that has 0 in it."""
    clamped = _clamp_range(name, limit, now)
    magnitude = float(np.linalg.norm(now))
    if magnitude > limit.magnitude:
        now *= limit.magnitude / magnitude
        clamped.append(f"{name} magnitude")
    return clamped


def _clamp_range(name: str, limit: PlainLimit | MotionLimit, now: np.ndarray) -> list[str]:
    """Clamp `now` in place; within the tolerance that is no intervention."""
    inside = np.clip(now, limit.low, limit.high)
    beyond = np.abs(now - inside) > limit.tolerance * np.subtract(limit.high, limit.low)
    now[:] = inside
    return [f"{name} range"] * bool(beyond.any())


def _clamp_pose(
    segment: Segment, limit: PoseLimit, dt: float, now: np.ndarray, before: np.ndarray
) -> list[str]:
    """Clamp `now` [size] in place; a position or a rotation that breaks no limit keeps its bits."""
    name, clamped = segment.name, []
    inside = np.clip(now[:3], limit.low, limit.high)
    if (inside != now[:3]).any():
        now[:3] = inside
        clamped.append(f"{name} box")
    # Box first: from inside the box, a shortened straight step ends inside it (the box is convex).
    step = now[:3] - before[:3]
    distance = float(np.linalg.norm(step))
    if distance > limit.speed_m_s * dt:
        now[:3] = before[:3] + step * (limit.speed_m_s * dt / distance)
        clamped.append(f"{name} speed")
    start = rotation.exp(canonical.to_canonical(before, segment)[3:])
    turn = rotation.log(start.T @ rotation.exp(canonical.to_canonical(now, segment)[3:]))
    angle = float(np.linalg.norm(turn))
    if angle > limit.turn_rad_s * dt:
        turned = rotation.log(start @ rotation.exp(turn * (limit.turn_rad_s * dt / angle)))
        now[:] = canonical.to_native(np.concatenate([now[:3], turned]), segment)
        clamped.append(f"{name} turn")
    return clamped
