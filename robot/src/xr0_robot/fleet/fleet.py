"""Who needs a human: pure, times are arguments [s], of one clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from xr0_robot.fleet.report import Report

SILENT_S = 2.0
"""Without a report a robot is out of reach; it reports twice a second (`member`)."""

HELD_S = 5.0
"""A robot that stands so long unasked is an alarm; shorter waits are part of the work."""

DOUBTFUL = 5.0
"""Plans that disagree this many times as much as usual."""

RATE_WINDOW_S = 300.0
"""Over which pieces per minute are counted."""

REMEMBERED = 1200
"""Points of a robot's timeline: ten minutes at two a second."""

ALARMS = ("help", "stopped", "silent", "stuck", "holding", "doubt")
"""In the order in which they want a person."""


@dataclass(frozen=True)
class Row:
    """A robot as the page shows it.

    state: as reported, or "silent"; alarm: of ALARMS, None where all is well; alarm_s: how long it has
    lasted, in whole seconds; per_minute: pieces in the last RATE_WINDOW_S; success: of the pieces it tried.
    """

    name: str
    instruction: str
    state: str
    why: str
    alarm: str | None
    alarm_s: int
    pieces: int
    failures: int
    per_minute: float
    success: float | None
    missed: int
    latency_ms: float | None
    doubt: float | None
    sentences: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As it is sent to the page."""
        return asdict(self)


@dataclass
class _Robot:
    """What is known of one."""

    sentences: tuple[str, ...]
    joined_s: float
    heard_s: float
    progress_s: float
    report: Report | None = None
    state_s: float = 0.0
    held_by: str | None = None
    alarm: str | None = None
    alarm_from_s: float = 0.0
    done_s: deque[float] = field(default_factory=deque)
    timeline: deque[tuple[float, str, float | None]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))


class Fleet:
    """All robots that have ever joined. patience_s: so long without a piece is no progress."""

    def __init__(self, patience_s: float) -> None:
        if not patience_s > 0:
            raise ValueError(f"patience: got {patience_s} s, expected above 0")
        self.patience_s = patience_s
        self._robots: dict[str, _Robot] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._robots

    def __len__(self) -> int:
        return len(self._robots)

    def join(self, name: str, sentences: tuple[str, ...], now_s: float) -> None:
        """A robot is here, or back. sentences: those that it offers."""
        before = self._robots.get(name)
        if before is None:
            self._robots[name] = _Robot(sentences, now_s, now_s, now_s)
        else:
            before.sentences, before.heard_s, before.report = sentences, now_s, None
            before.progress_s, before.held_by = now_s, None

    def hear(self, name: str, report: Report, now_s: float) -> None:
        """A report. Whoever counts again from 0 has begun anew."""
        robot = self._robots[name]
        before, robot.report, robot.heard_s = robot.report, report, now_s
        if before is None or before.state != report.state:
            robot.state_s = now_s
        if report.state in ("stopped", "help") or robot.held_by is not None:
            robot.progress_s = now_s  # it waits for a person, which is no lack of progress
        done = 0 if before is None else max(0, report.pieces - before.pieces)
        if done:
            robot.done_s.extend([now_s] * min(done, REMEMBERED))
            robot.progress_s = now_s
        robot.timeline.append((now_s, report.state, report.latency_ms))

    def forget(self, name: str) -> None:
        """It has never been here."""
        del self._robots[name]

    def held(self, name: str, by: str | None) -> None:
        """A person holds it, or no longer: then it stands because it was asked to."""
        self._robots[name].held_by = by

    def rows(self, now_s: float) -> list[Row]:
        """Who needs a human first, longest first; then by name."""
        rows = [self._row(name, robot, now_s) for name, robot in self._robots.items()]
        return sorted(rows, key=lambda row: (_urgency(row), -row.alarm_s, row.name))

    def timeline(self, name: str, now_s: float) -> list[tuple[float, str, float | None]]:
        """(age [s], state, latency [ms]) of the reports that are remembered."""
        robot = self._robots[name]
        return [(round(now_s - then_s, 1), state, latency) for then_s, state, latency in robot.timeline]

    def _row(self, name: str, robot: _Robot, now_s: float) -> Row:
        silent = now_s - robot.heard_s > SILENT_S
        report = robot.report or Report("", "holding", "has not reported yet")
        alarm, why = self._alarm(robot, report, silent, now_s)
        if alarm != robot.alarm:
            robot.alarm, robot.alarm_from_s = alarm, now_s
        while robot.done_s and now_s - robot.done_s[0] > RATE_WINDOW_S:
            robot.done_s.popleft()
        counted_s = min(RATE_WINDOW_S, max(now_s - robot.joined_s, 1.0))
        tried = report.pieces + report.failures
        return Row(
            name=name,
            instruction=report.instruction,
            state="silent" if silent else report.state,
            why=why or report.why,
            alarm=alarm,
            alarm_s=0 if alarm is None else int(now_s - robot.alarm_from_s),
            pieces=report.pieces,
            failures=report.failures,
            per_minute=round(60 * len(robot.done_s) / counted_s, 1),
            success=round(report.pieces / tried, 3) if tried else None,
            missed=report.missed,
            latency_ms=None if report.latency_ms is None else round(report.latency_ms, 1),
            doubt=None if report.doubt is None else round(report.doubt, 1),
            sentences=robot.sentences,
        )

    def _alarm(
        self, robot: _Robot, report: Report, silent: bool, now_s: float
    ) -> tuple[str | None, str | None]:
        """Which, and why in words where the robot itself cannot know."""
        if silent:
            return "silent", "no word from it"
        if report.state in ("help", "stopped"):
            return report.state, None
        if report.state == "holding":
            waits = robot.held_by is None and now_s - robot.state_s > HELD_S
            return ("holding", None) if waits else (None, None)
        if now_s - robot.progress_s > self.patience_s:
            return "stuck", f"no piece for {self.patience_s:g} s"
        if report.doubt is not None and report.doubt > DOUBTFUL:
            return "doubt", "its plans disagree"
        return None, None


def _urgency(row: Row) -> int:
    return len(ALARMS) if row.alarm is None else ALARMS.index(row.alarm)


def changed(before: Mapping[str, Row], rows: list[Row]) -> list[Row]:
    """The rows that a page that has `before` does not know."""
    return [row for row in rows if before.get(row.name) != row]
