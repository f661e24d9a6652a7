"""What is wrong with single numbers: not finite, constant, jumping, in degrees, heavy-tailed."""

from __future__ import annotations

import math

from xr0.data.check.findings import Findings, place
from xr0.data.check.pairs import pairs
from xr0.data.check.survey import Survey
from xr0.data.check.values import Values
from xr0.data.draft import names
from xr0.data.moments import STD_FLOOR
from xr0_robot.representations import ANGLES
from xr0_robot.segment import Segment
from xr0_robot.types import Embodiment

JUMP_SHARE = 0.25
"""Of a number's range that a jump covers at least."""

TURN_TOLERANCE = 0.05
"""Share of a whole turn by which a jump may differ from one."""

MOST_RADIANS = 2.5 * math.pi
"""No joint of an arm turns further either way, and degrees soon do."""

HEAVY_TAIL = 10.0
"""Standard deviations from the mean that the farthest number may lie away."""


def check_numbers(seen: Survey, robot: Embodiment, findings: Findings) -> None:
    """Errors and warnings about the state's and the commands' numbers, one by one."""
    for values, segments in ((seen.state, robot.state_segments), (seen.action, robot.segments)):
        for segment in segments:
            places = range(segment.native, segment.native + segment.size)
            _check_degrees(values, segment, findings)
            for k in places:
                if values.broken[k].count:
                    findings.errors.append(f"{values.label(k)} is NaN or infinite {values.broken[k]}")
            moving = [k for k in places if values.span[k] > 0]
            for k in moving:
                _check_spread(values, k, segment, findings)
                if segment.anchor != "previous" and segment.kind != "gripper":
                    _check_jumps(values, k, segment, findings)
    _check_constant(seen, robot, findings)


def _check_constant(seen: Survey, robot: Embodiment, findings: Findings) -> None:
    """A number that never changes is wrong, unless its twin does not either, or its pose has others that
    do."""
    twins = {("action", p.action): p.state for p in pairs(robot)}
    twins |= {("state", p.state): p.action for p in pairs(robot)}
    sides = (
        ("state", seen.state, seen.action, robot.state_segments),
        ("action", seen.action, seen.state, robot.segments),
    )
    for side, values, others, segments in sides:
        for segment in segments:
            places = range(segment.native, segment.native + segment.size)
            pose_moves = segment.kind == "pose" and bool((values.span[list(places)] > 0).any())
            for k in places:
                if values.span[k] > 0 or values.count == 0:
                    continue
                twin = twins.get((side, k))
                line = (
                    f"{values.label(k)} never changes: {values.low[k] + 0.0:g} in all {values.count} frames"
                )
                if pose_moves or (twin is not None and others.span[twin] == 0):
                    findings.warnings.append(line)
                else:
                    findings.errors.append(line)


def _check_spread(values: Values, k: int, segment: Segment, findings: Findings) -> None:
    scale = _model_units(segment)
    if values.std[k] * scale < STD_FLOOR:
        findings.warnings.append(
            f"{values.label(k)} hardly changes: standard deviation {values.std[k]:.3g}, "
            f"counted as {STD_FLOOR / scale:.3g}"
        )
        return
    farthest = max(values.high[k] - values.mean[k], values.mean[k] - values.low[k]) / values.std[k]
    if farthest > HEAVY_TAIL:
        findings.warnings.append(
            f"{values.label(k)} is heavy-tailed: its range {values.low[k]:.3g} to {values.high[k]:.3g} "
            f"reaches {farthest:.0f} standard deviations from its mean {values.mean[k]:.3g}"
        )


def _check_jumps(values: Values, k: int, segment: Segment, findings: Findings) -> None:
    if values.is_switch(k) or values.std[k] * _model_units(segment) < STD_FLOOR:
        return
    jumps = [jump for jump in values.jumps[k] if jump[0] > JUMP_SHARE * values.span[k]]
    if not jumps:
        return
    size, episode, frame = jumps[0]
    turn = 360.0 if segment.unit == "degrees" else 2 * math.pi
    turns = abs(size / turn - 1) < TURN_TOLERANCE
    times = f"{len(jumps)} {'time' if len(jumps) == 1 else 'times'}"
    why = ", a whole turn: the angle wraps" if turns else ", its neighbours are far smaller"
    findings.errors.append(
        f"{values.label(k)} jumps {times}, most by {size:.4g} in {place(episode, frame)}{why}"
    )


def _check_degrees(values: Values, segment: Segment, findings: Findings) -> None:
    if segment.unit == "degrees" or values.count == 0:
        return
    angles = [
        k for k in range(segment.native, segment.native + segment.size) if _is_angle(values, k, segment)
    ]
    far = [k for k in angles if max(-values.low[k], values.high[k]) > MOST_RADIANS]
    if far:
        low, high = values.low[angles].min(), values.high[angles].max()
        findings.errors.append(
            f"{values.feature}: {segment.name} runs from {low:.4g} to {high:.4g}, which no angle in radians "
            f'does (first {values.names[far[0]]!r}): in degrees? then give the segment "unit": "degrees"'
        )


def _is_angle(values: Values, k: int, segment: Segment) -> bool:
    if segment.kind == "pose":
        return segment.rotation in ANGLES and k >= segment.native + 3
    joint = names.kind(values.names[k]) in ("joints", "rotation") or names.kind(segment.name) == "joints"
    return segment.kind == "plain" and joint


def _model_units(segment: Segment) -> float:
    """What one native unit is for the model."""
    if segment.closed is not None and segment.open is not None:
        return 1.0 / abs(segment.open - segment.closed)
    return math.radians(1.0) if segment.unit == "degrees" else 1.0
