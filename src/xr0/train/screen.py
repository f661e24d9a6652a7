"""What a person sees of a run: a bar on a terminal, a line for each row elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class Screen:
    """Of a run that has done `first` of `steps` steps."""

    def __init__(self, first: int, steps: int, console: Console | None = None) -> None:
        self._console = console or Console()
        self._first, self._began_s, self._waiting = first, time.monotonic(), 0.0
        self._bar = Progress(
            TextColumn("step"),
            MofNCompleteColumn(),
            BarColumn(),
            TextColumn("{task.description}"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("", total=steps, completed=first)
        self._bar.start()

    def step(self, done: int, loss: float) -> None:
        """Move the bar to `done` steps."""
        rate = (done - self._first) / (time.monotonic() - self._began_s)
        words = f"{rate:.3g} steps/s  loss {loss:.4g}  data wait {self._waiting:.0%}  left"
        self._bar.update(self._task, completed=done, description=words)

    def row(self, step: int, values: Mapping[str, float]) -> None:
        """Print it; a terminal has the bar instead."""
        self._waiting = values.get("data_wait", self._waiting)
        if not self._console.is_terminal:
            self.say("  ".join([f"step {step}", *(f"{name} {value:g}" for name, value in values.items())]))

    def say(self, line: str) -> None:
        """Print a line, above the bar if there is one."""
        if self._console.is_terminal:
            self._console.print(line, markup=False, highlight=False)
        else:
            print(line, flush=True)

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.stop()
