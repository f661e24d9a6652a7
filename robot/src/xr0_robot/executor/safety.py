"""The last station before the robot: no command leaves the box, outruns the limits, brings two arms too near
each other or carries a NaN."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from xr0_robot import canonical
from xr0_robot.executor.apart import separations
from xr0_robot.executor.clamping import Past, clamp
from xr0_robot.limits import Limit, Limits, MotionLimit, PlainLimit, PoseLimit
from xr0_robot.types import Embodiment, Segment, finite_vector

LARGEST = 1e9
"""No robot's unit makes a number this large; the sines of larger ones lose their digits, then overflow."""


@dataclass(frozen=True)
class Verdict:
    """What may be sent. `clamped` names the limits that changed it by more than their tolerance; `refused`
    says why the robot is brought to rest instead."""

    command: np.ndarray
    clamped: tuple[str, ...] = ()
    refused: str | None = None


@dataclass(frozen=True)
class Sent:
    """The last two commands [native_dim], and what was wanted instead of the last."""

    before: np.ndarray
    last: np.ndarray
    wanted: np.ndarray

    @staticmethod
    def standing(command: np.ndarray) -> Sent:
        """Nothing has moved yet."""
        return Sent(command, command, command)

    def past(self, segment: Segment) -> Past:
        """The part of a segment."""
        part = segment.native_slice
        return Past(self.before[part], self.last[part], self.wanted[part])


class Safety:
    """Clamps each command to the limits, relative to the commands before; remembers what was sent."""

    def __init__(self, embodiment: Embodiment, limits: Limits) -> None:
        names = {segment.name for segment in embodiment.segments}
        if names != set(limits):
            raise ValueError(f"safety: got limits for {sorted(limits)}, expected {sorted(names)}")
        for segment in embodiment.segments:
            _check_limit(segment, limits[segment.name], embodiment.twin(segment) is not None)
        self._embodiment = embodiment
        self._separations = separations(embodiment, limits)
        self.limits: Limits = dict(limits)
        self._sent: Sent | None = None

    def reset(self, state: np.ndarray) -> None:
        """Begin from where the robot is, at rest: measured float [state_dim].

        What the state does not measure begins at its limit's `start`. ValueError where the state is none of
        this robot.
        """
        measured = _sane("state", state, self._embodiment.state_dim)
        start = np.zeros(self._embodiment.native_dim)
        for segment in self._embodiment.segments:
            limit = self.limits[segment.name]
            if isinstance(limit, PlainLimit) and limit.start is not None:
                start[segment.native_slice] = limit.start
            elif not isinstance(limit, MotionLimit):
                twin = self._embodiment.measured(segment)
                start[segment.native_slice] = canonical.convert(measured[twin.native_slice], twin, segment)
        self._sent = Sent.standing(start)

    def hold(self) -> np.ndarray:
        """The command that stays where the last one led [native_dim]: what is absolute is repeated, a motion
        is none."""
        return self._embodiment.hold(self._so_far().last)

    def rest(self) -> np.ndarray:
        """The next command [native_dim] on the way to rest, braked as hard as the limits allow; once there,
        and at once where no acceleration is limited, it is `hold`."""
        self._sent = self._braked(self._so_far())
        return self._sent.last.copy()

    def check(self, action: np.ndarray) -> Verdict:
        """What may be sent instead of `action` [native_dim]; a NaN, another shape or a rotation that is none
        is answered by `rest`."""
        verdict, self._sent = self._judge(action, self._so_far())
        return verdict

    def preview(self, actions: np.ndarray) -> np.ndarray:
        """What `check` would let through of `actions` [n, native_dim], one by one; nothing changes."""
        commands, sent = np.empty_like(actions), self._so_far()
        for row, action in enumerate(actions):
            verdict, sent = self._judge(action, sent)
            commands[row] = verdict.command
        return commands

    def _so_far(self) -> Sent:
        if self._sent is None:
            raise RuntimeError("safety: reset(state) comes before the first command")
        return self._sent

    def _judge(self, action: np.ndarray, sent: Sent) -> tuple[Verdict, Sent]:
        try:
            wanted = _sane("command", action, self._embodiment.native_dim)
            for segment in self._embodiment.segments:
                canonical.to_canonical(wanted[segment.native_slice], segment)
        except ValueError as error:
            braked = self._braked(sent)
            return Verdict(braked.last.copy(), refused=str(error)), braked
        command, names = np.empty_like(wanted), ()
        for segment in self._embodiment.segments:
            part, limit = segment.native_slice, self.limits[segment.name]
            found = clamp(segment, limit, self._embodiment.dt, wanted[part], sent.past(segment))
            command[part], wanted[part] = found.command, found.wanted
            names += found.names
        for pair in self._separations:
            kept = pair.kept(command, sent.last)
            names += (pair.name,) * (kept is not command)
            command = kept
        return Verdict(command.copy(), names), Sent(sent.last, command, wanted)

    def _braked(self, sent: Sent) -> Sent:
        """To want to stay where it is, and nothing of what was wanted before, is to brake."""
        there = Sent(sent.before, sent.last, sent.last)
        verdict, _ = self._judge(self._embodiment.hold(sent.last), there)
        return Sent(sent.last, verdict.command, verdict.command)


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
