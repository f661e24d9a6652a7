"""What a number is, by its name: LeRobot leaves names free, and every robot has its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from xr0.data.lerobot_meta import Feature

Kind = Literal["joints", "hand", "gripper", "position", "rotation", "base", "numbers"]

GRIPPER = {"gripper", "jaw", "claw", "grip", "grasp"}
HAND = {"hand", "finger", "fingers", "thumb", "index", "middle", "ring", "pinky", "little"}
BASE = {"base", "wheel", "odom", "odometry", "vx", "vy", "vz", "linear", "angular", "vel", "velocity"}
JOINT = {
    *("joint", "joints", "motor", "shoulder", "elbow", "forearm", "wrist", "waist", "hip", "knee", "ankle"),
    *("torso", "neck", "head", "upperarm", "lift", "flex", "pan", "tilt"),
}
POSITION = {"x", "y", "z"}
ROTATION = {
    *("roll", "pitch", "yaw", "rx", "ry", "rz", "ax", "ay", "az", "qx", "qy", "qz", "qw"),
    *("rot", "rotation", "quat", "quaternion", "euler", "axis", "angle", "orientation", "rot6d", "rotmat"),
}
MOTION = {"vel", "velocity", "speed", "delta", "vx", "vy", "vz", "wx", "wy", "wz", "dx", "dy", "dz"}
KINDS: dict[Kind, set[str]] = {
    "gripper": GRIPPER,
    "hand": HAND,
    "joints": JOINT,
    "base": BASE,
    "position": POSITION,
    "rotation": ROTATION,
}
"""The more telling first: a wrist's yaw is a joint, a finger's joint is the hand's."""

SIDES = {"left": "left", "l": "left", "right": "right", "r": "right"}
"""Words of names."""


def numbers(feature: Feature, fallback: str) -> tuple[str, ...]:
    """One name for each number of a feature; `fallback`_0 ... where it has none, or not as many.

    LeRobot sets hold a list, a list in a list, a map of lists, a map of name to index, or nothing.
    """
    size = feature.shape[0]
    found = _flat(feature.names)
    if len(found) == 1 and size > 1:
        found = found[0].replace(",", " ").split()
    return tuple(found) if len(found) == size else tuple(f"{fallback}_{k}" for k in range(size))


def _flat(names: Any) -> list[str]:
    if names is None:
        return []
    if isinstance(names, Mapping):
        if names and all(isinstance(index, int) for index in names.values()):
            return [str(name) for name, _ in sorted(names.items(), key=lambda item: item[1])]
        parts = {str(key): _flat(part) for key, part in names.items()}
        several = len(parts) > 1
        return [f"{key}.{name}" if several else name for key, part in parts.items() for name in part]
    if isinstance(names, list | tuple):
        return [name for part in names for name in _flat(part)]
    return [str(names)]


def words(name: str) -> list[str]:
    """Lower-case words: "kRightWristYaw", "right_wrist_yaw.pos" and "right-wrist/yaw" have the same four."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    found = [word.lower() for word in re.split(r"[^A-Za-z0-9]+", spaced) if word]
    return found[1:] if found[:1] == ["k"] else found


def arm(name: str) -> str:
    """Which arm a number belongs to: "left", "right", or "arm" where the name does not tell."""
    sides = [SIDES[word] for word in words(name) if word in SIDES]
    return sides[0] if sides else "arm"


def kind(name: str) -> Kind:
    """What a number is."""
    found = {re.sub(r"\d+$", "", word) for word in words(name)} | set(words(name))
    if found & (POSITION | ROTATION):
        found.discard("hand")  # of a pose, which is the hand's
    for one, known in KINDS.items():
        if found & known:
            return one
    return "numbers"


def is_motion(name: str) -> bool:
    """Whether a number is a velocity or a difference by its name."""
    return bool(set(words(name)) & MOTION)
