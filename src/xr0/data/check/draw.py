"""A dataset on one page: every number over time with its range, a frame of each camera, the episodes'
lengths."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from xr0.data.check.pairs import pairs
from xr0.data.check.survey import Survey
from xr0_robot.types import Embodiment

COLUMNS = 5
"""Panels beside each other."""

PANEL_INCHES, PICTURE_INCHES = (3.0, 1.55), (3.75, 2.6)
"""Width and height of a number's panel, and of a picture's."""

STATE, ACTION = "#1f5fa8", "#e0791b"
"""Blue and orange differ for all eyes."""

ONE_SCALE = 5.0
"""Times that the range of a command may be that of its state for both to be seen in one panel."""


@dataclass(frozen=True)
class Panel:
    """A commanded number, a measured one, or both."""

    action: int | None
    state: int | None


def draw(seen: Survey, robot: Embodiment, pictures: Mapping[str, np.ndarray], path: Path) -> None:
    """Write the page as a PNG. pictures: one uint8 [h, w, 3] by camera."""
    panels = _panels(seen, robot)
    rows, views = math.ceil(len(panels) / COLUMNS), len(pictures) + 1
    below = math.ceil(views / (COLUMNS - 1))
    heights = rows * PANEL_INCHES[1], below * PICTURE_INCHES[1]
    page = Figure(figsize=(COLUMNS * PANEL_INCHES[0], sum(heights)), layout="constrained")
    parts: Any = page.subfigures(2, 1, height_ratios=heights)
    upper, lower = parts
    for axes, panel in zip(upper.subplots(rows, COLUMNS, squeeze=False).flat, panels, strict=False):
        _draw_panel(axes, seen, panel)
    for axes in upper.axes[len(panels) :]:
        axes.axis("off")
    upper.suptitle(_title(seen), fontsize=10)
    cells = list(lower.subplots(below, COLUMNS - 1, squeeze=False).flat)
    for axes, (name, picture) in zip(cells, pictures.items(), strict=False):
        axes.imshow(picture)
        axes.set_title(f"{name}, {picture.shape[1]} x {picture.shape[0]} px", fontsize=8)
    _draw_lengths(cells[len(pictures)], seen)
    for axes in [*cells[: len(pictures)], *cells[views:]]:
        axes.axis("off")
    path.parent.mkdir(parents=True, exist_ok=True)
    page.savefig(path, dpi=110)


def first_pictures(seen: Survey) -> dict[str, np.ndarray]:
    """The first frame of each camera, of the first drawn episode whose picture can be had."""
    found: dict[str, np.ndarray] = {}
    for camera in seen.dataset.cameras:
        for track in seen.tracks:
            try:
                found[camera] = next(seen.dataset.frames(seen.dataset.episodes[track.episode], camera, [0]))
                break
            except (ValueError, OSError):
                continue  # the check names it
    return found


def _title(seen: Survey) -> str:
    lengths = [episode.length for episode in seen.dataset.episodes]
    return (
        f"{seen.dataset.root.resolve().name}: {len(lengths)} episodes, {sum(lengths)} frames, "
        f"{seen.dataset.fps:g} Hz. Blue: state, orange: commands, of {len(seen.tracks)} episodes over "
        "seconds. Dotted: the range over all"
    )


def _panels(seen: Survey, robot: Embodiment) -> list[Panel]:
    """Commands beside what measures them, then the states that nothing commands."""
    twins = {
        pair.action: pair.state
        for pair in pairs(robot)
        if pair.action < len(seen.action.names)
        and pair.state < len(seen.state.names)
        and pair.segment.anchor != "previous"
        and _one_scale(float(seen.action.span[pair.action]), float(seen.state.span[pair.state]))
    }
    commands = [Panel(k, twins.get(k)) for k in range(len(seen.action.names))]
    rest = sorted(set(range(len(seen.state.names))) - set(twins.values()))
    return commands + [Panel(None, k) for k in rest]


def _one_scale(one: float, other: float) -> bool:
    return min(one, other) == 0 or max(one, other) < ONE_SCALE * min(one, other)


def _draw_panel(axes: Axes, seen: Survey, panel: Panel) -> None:
    low, high = math.inf, -math.inf
    name = ""
    for k, values, colour, side in (
        (panel.state, seen.state, STATE, "state"),
        (panel.action, seen.action, ACTION, "action"),
    ):
        if k is None:
            continue
        name = f"{side}[{k}] {values.names[k]}"
        low, high = min(low, values.low[k]), max(high, values.high[k])
        for track in seen.tracks:
            axes.plot(track.time_s, getattr(track, side)[:, k], color=colour, linewidth=0.8, alpha=0.7)
    axes.set_title(name, fontsize=7, pad=2)
    axes.tick_params(labelsize=6, length=2, pad=1)
    axes.margins(x=0)
    if math.isfinite(low) and math.isfinite(high):
        for end in {low, high}:
            axes.axhline(end, color="grey", linewidth=0.6, linestyle=":")
        axes.set_yticks(sorted({low, high}), [f"{end:.3g}" for end in sorted({low, high})])
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _draw_lengths(axes: Axes, seen: Survey) -> None:
    lengths = np.array([episode.length for episode in seen.dataset.episodes]) / seen.dataset.fps
    axes.hist(lengths, bins=min(30, max(5, len(lengths) // 4)), color=STATE)
    axes.set_title("episode lengths [s]", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
