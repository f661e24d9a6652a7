"""What a draft assumed of each segment, and what a person should look at: a line each."""

from __future__ import annotations

from collections.abc import Sequence

from xr0.data.draft.groups import AXIS_ANGLE, EULER
from xr0_robot.segment import Segment
from xr0_robot.types import MODEL_DIM

ANCHORS = {
    "chunk_start": "the model sees the difference to the state at the chunk's start",
    "previous": "taken for motions: small, around zero, and the state's steps follow them",
    "absolute": "the model sees the numbers themselves",
}


def segment_notes(commands: Sequence[Segment], measured: Sequence[Segment]) -> list[str]:
    """Of commands and, where it is laid out in another way, of the state."""
    commanded = {segment.name for segment in commands}
    notes = [note for segment in commands for note in _notes(segment)]
    notes += [
        f"{s.name}: {s.size} numbers from {s.native} of the state, which no command sets"
        for s in measured
        if s.name not in commanded
    ]
    if max(segment.model_slice.stop for segment in (*commands, *measured)) > MODEL_DIM:
        notes.append(
            f"model_dim: more than the {MODEL_DIM} slots of the released models, which cannot serve it"
        )
    return notes


def _notes(segment: Segment) -> list[str]:
    what = {
        "pose": f"a pose with its rotation as {segment.rotation}",
        "gripper": "a gripper",
        "plain": "numbers",
    }
    places = f"{segment.size} from {segment.native}"
    notes = [f"{segment.name}: {what[segment.kind]} ({places}), {segment.anchor}: {ANCHORS[segment.anchor]}"]
    if segment.kind == "gripper":
        notes.append(
            f"{segment.name}: closed at {segment.closed:g} and open at {segment.open:g}, the ends of its "
            "range; check which is which"
        )
    if segment.unit == "degrees":
        notes.append(
            f"{segment.name}: in degrees by its range; normalised units from -100 to 100 look alike, "
            'then set "unit": "si"'
        )
    if segment.kind == "pose" and segment.rotation == EULER:
        notes.append(
            f"{segment.name}: roll, pitch, yaw about fixed axes; some sets call axis-angles so: check one"
        )
    if segment.kind == "pose" and segment.rotation == AXIS_ANGLE:
        notes.append(f"{segment.name}: an axis-angle [rad] by names and range, check one pose")
    return notes
