"""The whole draft: segments from names and numbers, cameras from keys, and what was assumed, line by line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from xr0.data.check.numbers import MOST_RADIANS
from xr0.data.check.survey import Survey
from xr0.data.check.values import Values
from xr0.data.draft.cameras import cameras
from xr0.data.draft.groups import AXIS_ANGLE, EULER, Group, groups
from xr0.data.draft.names import is_motion
from xr0.data.draft.notes import segment_notes
from xr0_robot.representations import ANGLES
from xr0_robot.segment import Segment
from xr0_robot.types import MODEL_DIM, Embodiment

MOTION_RATIO = 1.1
"""A command is a motion if it predicts the state's steps this much better than the state."""

MOTION_MEAN = 0.5
"""Standard deviations from zero that a motion's mean may lie away."""

STEEPEST = 1.05 * math.pi / 2
"""Roll, pitch and yaw keep their pitch within this either way; an axis-angle's second number goes farther."""

END_QUANTILES = (0.005, 0.995)
"""Where a gripper's range is taken to end: a few stray readings are no end."""

SAME_UNIT = 0.3
"""Share of the longer of two strokes that the shorter has at least if both are in one unit: what is held
keeps a gripper from closing."""

OVERSHOOT = 0.1
"""Share of a stroke by which the other may reach beyond it."""

Anchor = Literal["chunk_start", "previous", "absolute"]
Side = tuple[Group, Values]
"""A group, and the numbers that it is a part of: commanded or measured."""


@dataclass(frozen=True)
class Draft:
    """A robot, and one line for everything that was assumed."""

    robot: Embodiment
    notes: tuple[str, ...]


def draft(seen: Survey) -> Draft:
    """The robot of a surveyed dataset."""
    told, sensed = groups(seen.action.names), groups(seen.state.names)
    twins = {group.name: group for group in sensed}
    anchors: dict[str, Anchor] = {group.name: _anchor(seen, group, twins.get(group.name)) for group in told}
    pairs = {group.name: [(group, seen.action)] for group in told if anchors[group.name] != "previous"}
    for group in sensed:
        pairs.setdefault(group.name, []).append((group, seen.state))
    commands = _placed([_segment(g, anchors[g.name], pairs.get(g.name, []), seen) for g in told])
    measured = _placed([_segment(g, "absolute", pairs[g.name], seen) for g in sensed])
    alike = [replace(s, anchor="absolute") for s in commands] == list(measured)
    everything = commands if alike else (*commands, *measured)
    notes = segment_notes(commands, measured)
    return Draft(
        Embodiment(
            name=seen.dataset.robot_type or "my_robot",
            rate_hz=seen.dataset.fps,
            cameras=cameras(seen.dataset, notes),
            segments=commands,
            model_dim=max(MODEL_DIM, *(s.model_slice.stop for s in everything)),
            frame="not known: say in which frame poses are",
            gripper="not known: say what closed and open are",
            sensed=None if alike else measured,
        ),
        tuple(notes),
    )


def _anchor(seen: Survey, group: Group, twin: Group | None) -> Anchor:
    """Small numbers around zero that move the state are motions; of what the state measures the model sees
    the difference to it; a gripper's stroke, and what nothing measures, is itself."""
    if group.kind == "gripper":
        return "absolute"
    labels = seen.action.names[group.first : group.first + group.size]
    if all(is_motion(name) for name in labels) or _moves_the_state(seen, group, twin):
        return "previous"
    fits = twin is not None and twin.kind == group.kind and (twin.size == group.size or group.kind == "pose")
    return "chunk_start" if fits else "absolute"


def _moves_the_state(seen: Survey, group: Group, twin: Group | None) -> bool:
    places = list(group.places)
    centred = np.abs(seen.action.mean[places]) <= MOTION_MEAN * seen.action.std[places]
    if centred.mean() <= 0.5 or twin is None or twin.size != group.size:
        return False
    level, motion = (
        float(np.median(np.abs(found[places, list(twin.places)])))
        for found in (seen.following.level(), seen.following.motion())
    )
    return motion > MOTION_RATIO * level


def _segment(group: Group, anchor: Anchor, sides: Sequence[Side], seen: Survey) -> Segment:
    """Not placed in the model's vector yet. sides: the group as it is commanded and as it is measured."""
    name, first, size, unit = group.name, group.first, group.size, _unit(sides)
    if group.kind == "pose" and anchor != "previous":
        return Segment(
            name, "pose", anchor, first, 0, size, rotation=_rotation(group, sides, unit), unit=unit
        )
    if group.kind == "gripper" and size == 1:
        closed, opened = _ends(group, sides, seen)
        if closed != opened:
            return Segment(name, "gripper", anchor, first, 0, size, closed=closed, open=opened)
    return Segment(name, "plain", anchor, first, 0, size, unit=unit)


def _unit(sides: Sequence[Side]) -> Literal["si", "degrees"]:
    """Degrees if an angle goes farther than radians do."""
    for group, values in sides:
        if group.kind == "joints" or group.rotation in ANGLES:
            angles = [k for k in group.places if group.kind == "joints" or k >= group.first + 3]
            if max(-values.low[angles].min(), values.high[angles].max()) > MOST_RADIANS:
                return "degrees"
    return "si"


def _rotation(group: Group, sides: Sequence[Side], unit: str) -> str:
    """Some sets call an axis-angle roll, pitch and yaw; a pitch far beyond a right angle gives it away."""
    pitches = [max(-v.low[g.first + 4], v.high[g.first + 4]) for g, v in sides if g.rotation == EULER]
    named_wrongly = group.rotation == EULER and unit == "si" and max(pitches) > STEEPEST
    return AXIS_ANGLE if named_wrongly else group.rotation


def _ends(group: Group, sides: Sequence[Side], seen: Survey) -> tuple[float, float]:
    """Closed and open: low is closed, unless a command goes against what the hand measures."""
    ranges = {
        (g is group): np.quantile(v.sample[:, g.first], END_QUANTILES) for g, v in sides if len(v.sample)
    }
    own = ranges[True]
    twin = ranges.get(False, own)
    ends = (min(own[0], twin[0]), max(own[1], twin[1])) if _same_unit(own, twin) else own
    low, high = (float(f"{end:.3g}") for end in ends)
    widths = [g.first for g in groups(seen.state.names) if g.kind == "gripper"]
    against = group is sides[0][0] and sides[0][1] is seen.action and widths
    if against and np.median(seen.following.level()[group.first, widths]) < 0:
        return high, low
    return low, high


def _same_unit(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two ranges (low, high) may be of one gripper in one unit: the shorter lies in the longer."""
    short, long = sorted((one, other), key=lambda ends: ends[1] - ends[0])
    stroke = long[1] - long[0]
    inside = long[0] - OVERSHOOT * stroke <= short[0] and short[1] <= long[1] + OVERSHOOT * stroke
    return bool(inside and short[1] - short[0] >= SAME_UNIT * stroke)


def _placed(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """In the model's vector, one behind the other."""
    placed: list[Segment] = []
    for segment in segments:
        placed.append(replace(segment, model=placed[-1].model_slice.stop if placed else 0))
    return tuple(placed)
