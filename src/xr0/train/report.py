"""What a run reports: the main process alone writes and prints."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType

from xr0.train.distributed import World
from xr0.train.log import MetricsFile, Sink, TensorBoard, Tracker
from xr0.train.run import Run
from xr0.train.screen import Screen
from xr0.train.settings import TrainSettings

DIGITS = 8
"""Significant, of what is logged: all that float32 has."""


class Report:
    """Of a run that goes on after `first` steps; a context manager."""

    def __init__(self, run: Run, settings: TrainSettings, world: World, first: int) -> None:
        self._screen = Screen(first, settings.steps) if world.main else None
        self._sinks: list[Sink] = []
        if self._screen is None:
            return
        self._sinks += [MetricsFile(run.out, first), TensorBoard(run.out, first), self._screen]
        if settings.execution.tracker is not None:
            config = {**settings.identity(), **run.identity}
            self._sinks.append(Tracker(settings.execution.tracker, run.out.name, config))

    def __enter__(self) -> Report:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for sink in self._sinks:
            sink.close()

    def row(self, step: int, values: Mapping[str, float]) -> None:
        """Log the numbers of a step."""
        rounded = {name: float(f"{value:.{DIGITS}g}") for name, value in values.items()}
        for sink in self._sinks:
            sink.row(step, rounded)

    def step(self, done: int, loss: float) -> None:
        """Show that so many steps are done."""
        if self._screen is not None:
            self._screen.step(done, loss)

    def say(self, line: str) -> None:
        """Tell a person."""
        if self._screen is not None:
            self._screen.say(line)
