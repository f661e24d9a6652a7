"""Runs of numbers with one meaning, by their names: the joints of an arm, a hand, a gripper, a pose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xr0.data.draft import names

POSITION = ("x", "y", "z")

AXIS_ANGLE, EULER = "axis_angle", "euler_xyz"
"""Three numbers; euler_xyz turns about fixed axes, x first."""

ROTATIONS = {
    ("roll", "pitch", "yaw"): EULER,
    ("rx", "ry", "rz"): AXIS_ANGLE,
    ("ax", "ay", "az"): AXIS_ANGLE,
    ("qx", "qy", "qz", "qw"): "quaternion_xyzw",
    ("qw", "qx", "qy", "qz"): "quaternion_wxyz",
}
"""Representations by the last words of their numbers' names."""

BY_SIZE = {3: AXIS_ANGLE, 4: "quaternion_xyzw", 6: "rotation_6d", 9: "matrix"}
"""Representations by how many numbers a rotation has, where the names do not tell."""


@dataclass(frozen=True)
class Group:
    """Numbers `first` to `first + size` of a vector. rotation: a pose's representation, else empty."""

    name: str
    kind: str
    first: int
    size: int
    rotation: str = ""

    @property
    def places(self) -> range:
        """Of its numbers."""
        return range(self.first, self.first + self.size)


def groups(labels: Sequence[str]) -> list[Group]:
    """Of a vector's names, in order; names are unique: "left.joints", "left.gripper", "arm.pose" ..."""
    found: list[Group] = []
    for first, size in _runs(labels):
        arm, kind = names.arm(labels[first]), names.kind(labels[first])
        rotation = _rotation(labels[first : first + size])
        if rotation:
            kind, name = "pose", f"{arm}.pose"
        else:
            name = f"{arm}.{kind}"
        again = sum(group.name == name or group.name.startswith(f"{name}_") for group in found)
        found.append(Group(f"{name}_{again + 1}" if again else name, kind, first, size, rotation))
    return found


def _runs(labels: Sequence[str]) -> list[tuple[int, int]]:
    """(first, size) of neighbours of one arm and kind; a rotation belongs to the position before it."""
    keys = [(names.arm(label), names.kind(label)) for label in labels]
    keys = [(arm, "pose" if kind in ("position", "rotation") else kind) for arm, kind in keys]
    starts = [
        k for k in range(len(keys)) if k == 0 or keys[k] != keys[k - 1] or _begins_pose(labels, keys, k)
    ]
    return [(first, end - first) for first, end in zip(starts, [*starts[1:], len(keys)], strict=True)]


def _begins_pose(labels: Sequence[str], keys: Sequence[tuple[str, str]], k: int) -> bool:
    """Whether a second pose begins right behind the first."""
    return keys[k][1] == "pose" and _last(labels[k]) == "x" and names.kind(labels[k]) == "position"


def _rotation(labels: Sequence[str]) -> str:
    """The representation of a whole pose, x, y, z first; empty if the run is none."""
    last = tuple(_last(label) for label in labels)
    if last[:3] != POSITION or any(names.kind(label) != "rotation" for label in labels[3:]):
        return ""
    return ROTATIONS.get(last[3:]) or BY_SIZE.get(len(last) - 3, "")


def _last(label: str) -> str:
    """The word that tells numbers of a pose apart; LeRobot ends the names of what it commands with "pos"."""
    words = [word for word in names.words(label) if word not in ("pos", "vel")]
    return words[-1] if words else ""
