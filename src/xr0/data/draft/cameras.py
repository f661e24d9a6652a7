"""Cameras by their keys, with the titles that the released weights know."""

from __future__ import annotations

from collections.abc import Mapping

from xr0.data.draft import names
from xr0.data.lerobot import LeRobotDataset
from xr0_robot.features import IMAGES
from xr0_robot.released import CLIENT_CROP
from xr0_robot.types import Camera

BASE, EGO, LEFT, RIGHT = "Base View", "Ego View", "Left-Wrist View", "Right-Wrist View"
"""Titles in the released clients' prompts; a single arm's wrist is the left one there."""

ORDER = (BASE, EGO, LEFT, RIGHT)
"""In a prompt; others come behind."""

WORDS: Mapping[str, frozenset[str]] = {
    LEFT: frozenset(("wrist", "hand", "gripper", "eef", "arm")),
    EGO: frozenset(("ego", "head", "high", "chest", "torso", "first", "pov")),
    BASE: frozenset(
        (
            "base",
            "front",
            "top",
            "overhead",
            "third",
            "exterior",
            "agentview",
            "static",
            "scene",
            "main",
            "image",
        )
    ),
}
"""What keys say of a camera's place, the most telling first."""


def cameras(dataset: LeRobotDataset, notes: list[str]) -> tuple[Camera, ...]:
    """All of a dataset's colour cameras, in the prompt's order; what was assumed is added to `notes`."""
    found: list[Camera] = []
    for feature in dataset.cameras:
        if "depth" in names.words(feature):
            notes.append(f"camera {feature}: left out, expected colours and not depth")
            continue
        key = feature.removeprefix(IMAGES)
        title = _title(key)
        if title in {camera.title for camera in found}:
            title = f"{' '.join(names.words(key)).title()} View"
        known = "" if title in ORDER else ", which no released checkpoint knows"
        notes.append(f"camera {key!r}: called {title!r} in the prompt{known}; check the title")
        found.append(Camera(key, title, *dataset.features[feature].image_size, crop=CLIENT_CROP))
    if found:
        notes.append(
            f"cameras: the middle {CLIENT_CROP:.0%} of each side is seen, as released clients crop it"
        )
    return tuple(sorted(found, key=lambda c: ORDER.index(c.title) if c.title in ORDER else len(ORDER)))


def _title(key: str) -> str:
    words = set(names.words(key))
    for title, known in WORDS.items():
        if words & known:
            return RIGHT if title == LEFT and words & {"right", "r"} else title
    return f"{' '.join(names.words(key)).title()} View"
