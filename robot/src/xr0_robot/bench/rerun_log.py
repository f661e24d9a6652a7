"""A flight for the rerun viewer (rerun.io): commands, states, pictures, delays and drops on one time line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xr0_robot.flight.story import Story

TIMELINE = "time"


def save(story: Story, path: Path) -> None:
    """Write an .rrd file; errors as `load`."""
    rr = load()
    path.parent.mkdir(parents=True, exist_ok=True)
    stream = rr.RecordingStream("xr0_flight")
    stream.save(path)
    start_s = float(story.times_s[0]) if len(story.times_s) else 0.0
    for tick, time_s, late_s in zip(story.ticks, story.times_s, story.late_s, strict=True):
        stream.set_time(TIMELINE, duration=float(time_s) - start_s)
        for segment in story.embodiment.segments:
            stream.log(f"command/{segment.name}", rr.Scalars(tick.command[segment.native_slice]))
        stream.log("late_ms", rr.Scalars([late_s * 1e3]))
        stream.log("obeyed", rr.TextLog(tick.freshness))
        for what in (*tick.clamped, *([] if tick.refused is None else [tick.refused])):
            stream.log("interventions", rr.TextLog(what))
    for observation, pictures in story.observations:
        stream.set_time(TIMELINE, duration=observation.time_s - start_s)
        for segment in story.embodiment.state_segments:
            stream.log(f"state/{segment.name}", rr.Scalars(observation.state[segment.native_slice]))
        for key, picture in pictures.items():
            stream.log(f"pictures/{key}", rr.Image(picture))
    for thought in story.thoughts:
        stream.set_time(TIMELINE, duration=(thought.answered_s or thought.asked_s) - start_s)
        stream.log("requests", rr.TextLog(f"{thought.fate} {thought.why or ''}".strip()))
        if thought.latency_s is not None:
            stream.log("latency_ms", rr.Scalars([thought.latency_s * 1e3]))
    stream.flush()


def load() -> Any:
    """The rerun module; RuntimeError, which says how to install it, where it is not there."""
    try:
        import rerun  # noqa: PLC0415 (optional)  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise RuntimeError(f"rerun: {error}; install it: pip install 'xr0-robot[rerun]'") from error
    return rerun
