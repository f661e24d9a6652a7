"""A flight in one picture: what was asked and answered when, what each tick obeyed, what was commanded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from xr0_robot.bench.plot import DASHES, INK, LINES, SEAM, SHADES, panels
from xr0_robot.executor.tick import Freshness
from xr0_robot.flight.story import Fate, Story, Thinking

FATES: dict[Fate, str] = {
    "joined": SEAM,
    "dropped": "#9a9a9a",
    "failed": "#7d1128",
    "under way": "#b9cde6",
}
FRESH = "#cfe3cf"
BANDS: dict[Freshness, str] = {"fresh": FRESH, **SHADES}
LIMIT, REFUSED, LATE = "#7a2fa0", "#111111", "#d98a8a"
WINDOW_S = 60.0
"""More ticks than that are no more seen one by one."""
LANES = 2
"""Requests are drawn in turn above each other, so that one's end and the next one's beginning are seen."""


def save(story: Story, path: Path, title: str, window_s: tuple[float, float] | None = None) -> None:
    """Write a PNG; ValueError where there is nothing in it.

    window_s: from and to, since the first tick; the last `WINDOW_S` where None.
    """
    if not story.ticks:
        raise ValueError("timeline: got a flight without a finished tick")
    start_s = float(story.times_s[0])
    end_s = float(story.times_s[-1]) - start_s
    window_s = (max(0.0, end_s - WINDOW_S), end_s) if window_s is None else window_s
    story = story.between(*window_s)
    if not story.ticks:
        raise ValueError(
            f"timeline: got {window_s[0]:g} to {window_s[1]:g} s, expected times in {end_s:.1f} s"
        )
    shown = [panel for segment in story.embodiment.segments for panel in panels(segment)]
    heights = [0.8, 0.55, *[1.5] * len(shown), 1.1]
    figure = Figure(figsize=(13, 1.2 + 1.15 * sum(heights)), layout="constrained")
    axes = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    _thinking(axes[0], story, start_s)
    _obeyed(axes[1], story, start_s)
    for axis, panel in zip(axes[2:-1], shown, strict=True):
        _commands(axis, story, start_s, panel)
    _delays(axes[-1], story, start_s)
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    axes[-1].set_xlabel("time since the first tick [s]")
    axes[-1].set_xlim(window_s[0], window_s[1] + story.embodiment.dt)
    figure.align_ylabels(axes)
    figure.suptitle(title, fontsize=11, color=INK)
    _legend(figure, story)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def _thinking(axis: Any, story: Story, start_s: float) -> None:
    """A bar from each question to its answer; amber: what was promised meanwhile."""
    last_s, dt = float(story.times_s[-1]), story.embodiment.dt
    for number, thought in enumerate(story.thoughts):
        lane = number % LANES
        begin = thought.asked_s - start_s
        end = (last_s if thought.answered_s is None else thought.answered_s) - start_s
        axis.barh(lane, max(end - begin, dt), left=begin, height=0.6, color=FATES[thought.fate])
        if thought.prefix:
            axis.barh(lane - 0.4, thought.prefix * dt, left=begin, height=0.16, color=SHADES["prefix"])
    axis.set_ylim(LANES - 0.4, -0.7)
    axis.set_yticks([])
    axis.set_ylabel("thinking")


def _obeyed(axis: Any, story: Story, start_s: float) -> None:
    """A colour for each tick, and a mark where a limit or a refusal changed the command."""
    times, dt = story.times_s - start_s, story.embodiment.dt
    widths = np.minimum(np.diff(times, append=times[-1] + dt), 2 * dt)  # a gap is a loop that stood still
    for freshness, colour in BANDS.items():
        ours = [k for k, tick in enumerate(story.ticks) if tick.freshness == freshness]
        axis.broken_barh([(times[k], widths[k]) for k in ours], (0.0, 1.0), color=colour, lw=0)
    clamped = [k for k, tick in enumerate(story.ticks) if tick.clamped]
    refused = [k for k, tick in enumerate(story.ticks) if tick.refused is not None]
    axis.plot(times[clamped], [1.35] * len(clamped), ls="", marker="v", ms=4, color=LIMIT)
    axis.plot(times[refused], [1.35] * len(refused), ls="", marker="x", ms=5, color=REFUSED)
    axis.set_ylim(0, 1.7)
    axis.set_yticks([])
    axis.set_ylabel("obeyed")


def _commands(axis: Any, story: Story, start_s: float, panel: tuple[str, list[int], tuple[str, ...]]) -> None:
    label, columns, names = panel
    commands = np.stack([tick.command for tick in story.ticks])
    for k, (column, name) in enumerate(zip(columns, names, strict=True)):
        style = {"color": LINES[k % len(LINES)], "ls": DASHES[k % len(DASHES)]}
        axis.plot(
            story.times_s - start_s, commands[:, column], lw=1.6, drawstyle="steps-post", label=name, **style
        )
    for thought in story.thoughts:
        if thought.fate == "joined" and thought.answered_s is not None:
            axis.axvline(thought.answered_s - start_s, color=SEAM, lw=0.7, alpha=0.6)
    axis.set_ylabel(label)
    if len(names) > 1:
        axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8)


def _delays(axis: Any, story: Story, start_s: float) -> None:
    """How long each answer took, and by how much each tick was late."""
    axis.vlines(story.times_s - start_s, 0.0, story.late_s * 1e3, color=LATE, lw=2.5)
    answered: list[Thinking] = [t for t in story.thoughts if t.latency_s is not None]
    times = [(t.answered_s or 0.0) - start_s for t in answered]
    axis.plot(times, [1e3 * (t.latency_s or 0.0) for t in answered], ls="", marker="o", ms=4, color=SEAM)
    axis.set_ylim(bottom=0)
    axis.set_ylabel("delay [ms]")


def _legend(figure: Figure, story: Story) -> None:
    seen = {tick.freshness for tick in story.ticks}
    fates = {thought.fate for thought in story.thoughts}
    words: dict[Fate, str] = {
        "joined": "a request, and its chunk takes over",
        "dropped": "its chunk is dropped",
        "failed": "it failed",
        "under way": "no answer yet",
    }
    bands: dict[Freshness, str] = {
        "fresh": "as planned",
        "prefix": "as promised to the policy",
        "idle": "holding",
        "touch": "the fingertips",
        "stopped": "the e-stop",
    }
    marks = [
        Line2D([], [], ls="", marker="v", color=LIMIT, label="a limit changed it"),
        Line2D([], [], ls="", marker="x", color=REFUSED, label="refused"),
        Line2D([], [], ls="", marker="o", color=SEAM, label="an answer took"),
        Patch(color=LATE, label="a tick was late by"),
    ]
    handles = [Patch(color=FATES[f], label=word) for f, word in words.items() if f in fates]
    handles += [Patch(color=BANDS[b], label=word) for b, word in bands.items() if b in seen]
    figure.legend(handles=handles + marks, loc="outside lower center", ncols=6, frameon=False, fontsize=8)
