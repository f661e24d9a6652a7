"""The last station before the robot: no command leaves the box, outruns the limits or carries a NaN."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xr0_robot import rotation
from xr0_robot.limits import Limits, PlainLimit, PoseLimit
from xr0_robot.types import Embodiment, Segment, finite_vector

LARGEST = 1e9
"""No robot's unit makes a number this large; the sines of larger ones lose their digits, then overflow."""


@dataclass(frozen=True)
class Verdict:
    """What may be sent. `clamped` names the limits that changed it by more than their tolerance; `refused`
    says why the last command is repeated."""

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
            limit = limits[segment.name]
            if isinstance(limit, PoseLimit) != (segment.kind == "pose"):
                raise ValueError(f"safety: {segment.name} is a {segment.kind} segment, got {limit}")
        if embodiment.sensed is not None or any(s.anchor == "previous" for s in embodiment.segments):
            raise ValueError(
                f"safety: {embodiment.name} is commanded by motions or senses other numbers than it is told, "
                "expected absolute commands: to hold is to repeat the last one"
            )
        self._embodiment = embodiment
        self._limits = dict(limits)
        self._last: np.ndarray | None = None

    def reset(self, state: np.ndarray) -> None:
        """Begin from where the robot is: measured float [native_dim]."""
        self._last = _sane("state", state, self._embodiment.native_dim)

    def hold(self) -> np.ndarray:
        """The last safe command [native_dim]: to repeat it is to stand still."""
        if self._last is None:
            raise RuntimeError("safety: reset(state) comes before the first command")
        return self._last.copy()

    def check(self, action: np.ndarray) -> Verdict:
        """What may be sent instead of `action` [native_dim]; a NaN or another shape is answered by a hold."""
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
        except ValueError as error:
            return Verdict(last.copy(), refused=str(error))
        clamped: list[str] = []
        for segment in self._embodiment.segments:
            clamped += self._clamp(segment, command, last)
        return Verdict(command, tuple(clamped))

    def _clamp(self, segment: Segment, command: np.ndarray, last: np.ndarray) -> list[str]:
        limit = self._limits[segment.name]
        now, before = command[segment.native_slice], last[segment.native_slice]
        if isinstance(limit, PoseLimit):
            return _clamp_pose(segment.name, limit, self._embodiment.dt, now, before)
        return _clamp_plain(segment.name, limit, self._embodiment.dt, now, before)


def _sane(name: str, value: np.ndarray, size: int) -> np.ndarray:
    """A finite vector of `size` whose numbers can be computed with; ValueError otherwise."""
    vector = finite_vector(name, value, size)
    if (np.abs(vector) > LARGEST).any():
        raise ValueError(f"{name}: got {np.abs(vector).max():.3g}, expected at most {LARGEST:g}")
    return vector


def _clamp_plain(name: str, limit: PlainLimit, dt: float, now: np.ndarray, before: np.ndarray) -> list[str]:
    """Clamp `now` in place."""
    in_range = np.clip(now, limit.low, limit.high)
    beyond = np.abs(now - in_range) > limit.tolerance * (limit.high - limit.low)
    now[:] = np.clip(in_range, before - limit.rate * dt, before + limit.rate * dt)
    return [f"{name} range"] * bool(beyond.any()) + [f"{name} rate"] * bool((now != in_range).any())


def _clamp_pose(name: str, limit: PoseLimit, dt: float, now: np.ndarray, before: np.ndarray) -> list[str]:
    """Clamp `now` [6] in place; a pose that breaks no limit keeps its bits."""
    clamped = []
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
    start = rotation.exp(before[3:])
    turn = rotation.log(start.T @ rotation.exp(now[3:]))
    angle = float(np.linalg.norm(turn))
    if angle > limit.turn_rad_s * dt:
        now[3:] = rotation.log(start @ rotation.exp(turn * (limit.turn_rad_s * dt / angle)))
        clamped.append(f"{name} turn")
    return clamped
