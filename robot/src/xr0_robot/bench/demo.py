"""The demo: episodes with live progress, then a table, a video of each and a plot of the first."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from xr0_robot import report
from xr0_robot.bench import metrics, plot, results, view
from xr0_robot.bench.evaluate import Settings, run
from xr0_robot.bench.rollout import EpisodeResult, Watcher
from xr0_robot.bench.video import COLOURS, Recorder
from xr0_robot.executor.inference import Policy
from xr0_robot.executor.tick import Tick
from xr0_robot.modes import WORDS
from xr0_robot.types import Observation
from xr0_robot.worlds import TRAINED, WORLDS

RATE_TICKS = 15
"""The rate that is shown is that of the last half second."""
REFRESH_HZ = 5
"""Of the live line: enough to read, and little work beside the control loop."""


class Progress:
    """A `Watcher` that keeps one line about the running episode up to date."""

    def __init__(self, episodes: int, dt: float) -> None:
        self._episodes = episodes
        self._dt = dt
        self._wall_s: deque[float] = deque(maxlen=RATE_TICKS)
        self.episode = 0
        self.line = Text("starting")

    def __call__(self, tick: Tick, observe: Callable[[], Observation]) -> None:
        """Describe this tick."""
        if tick.tick == 0:
            self.episode += 1
            self._wall_s.clear()
        self._wall_s.append(time.monotonic())
        span_s = self._wall_s[-1] - self._wall_s[0]
        rate = f"{(len(self._wall_s) - 1) / span_s:4.1f} Hz" if span_s > 0 else "   - Hz"
        chunk = "     -" if tick.latency_s is None else f"{tick.latency_s * 1e3:3.0f} ms"
        self.line = Text(f"{self.episode}/{self._episodes}  ")
        self.line.append(f"“{observe().instruction}”", style="bold")
        self.line.append(f"  {tick.tick * self._dt:4.1f} s  {rate}  chunk {chunk}  ")
        self.line.append(tick.freshness, style="rgb({},{},{})".format(*COLOURS[tick.freshness]))

    def __rich__(self) -> Text:
        """What is shown now."""
        return self.line


def demo(policy: Policy, settings: Settings, out: Path, live_view: bool, flight: Path | None = None) -> bool:
    """Run and show episodes; writes videos, a plot and results.json to `out`. False if one failed to run.

    flight: folder in which all that happens is recorded.
    """
    console, episodes = Console(), settings.episodes
    recorder, progress = Recorder(policy.embodiment), Progress(episodes, policy.embodiment.dt)
    watchers: list[Watcher] = [recorder, progress]
    if live_view:
        watchers.append(view.open_view(policy.embodiment))
    how = caption(settings)
    console.print(f"[bold]{episodes} episodes[/bold], {how}")
    done: list[EpisodeResult] = []
    with Live(progress, console=console, refresh_per_second=REFRESH_HZ, transient=True):
        for result in run(policy, settings, _together(watchers), flight):
            done.append(result)
            console.print(_outcome(result, len(done), episodes))
            recorder.save(result, out / f"episode-{len(done):02d}.mp4", how)
            summary = results.summarize([r.row() for r in done], asdict(settings))
            report.write(out / "results.json", summary)
    console.print(table(done, summary))
    if done[0].ticks:
        plot.save(done[0], out / "commands.png", f"“{done[0].spoken}”  {how}")
    console.print(f"videos   {out}/episode-*.mp4\nplot     {out}/commands.png\nnumbers  {out}/results.json")
    return results.whole(summary)


def caption(settings: Settings) -> str:
    """How the episodes are run, in words."""
    added = "of" if settings.clock == "virtual" else "of added"
    latency = f", {settings.latency_ms:g} ms {added} latency" if settings.latency_ms else ""
    changed = settings.variant != TRAINED
    variant = f", {WORLDS[settings.world][settings.variant]}" if changed else ""
    return f"{settings.mode}, {WORDS[settings.mode]}{latency}{variant}"


def table(done: list[EpisodeResult], everything: Mapping[str, Any]) -> Table:
    """One row per episode and one for all; `everything` is their summary."""
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    grid.add_column("")
    grid.add_column("instruction")
    grid.add_column("outcome", no_wrap=True)
    for name in ("time", "latency\np50/p99", "missed\nticks", "idle\nticks", "seam\nratio"):
        grid.add_column(name, justify="right", no_wrap=True)
    for number, result in enumerate(done, start=1):
        row = result.row()
        outcome = Text(*_verdict(result))
        latency = _latency(row["latencies_ms"])
        ticks = (str(result.missed_ticks), f"{result.idle_ticks}/{len(result.ticks)}")
        grid.add_row(
            str(number),
            result.spoken,
            outcome,
            _seconds(row["time_s"]),
            latency,
            *ticks,
            _number(row["seam_ratio"]),
        )
    pooled = [latency_s * 1e3 for result in done for latency_s in result.latencies_s]
    grid.add_section()
    grid.add_row(
        "",
        "all",
        f"{everything['successes']} of {everything['episodes']}",
        _seconds(everything["median_time_s"]),
        _latency(pooled),
        str(everything["missed_ticks"]),
        f"{sum(r.idle_ticks for r in done)}/{sum(len(r.ticks) for r in done)}",
        _number(everything["seam_ratio"]),
    )
    return grid


def _together(watchers: list[Watcher]) -> Watcher:
    """Several watchers, one picture per tick."""

    def watch(tick: Tick, observe: Callable[[], Observation]) -> None:
        picture = observe()
        for watcher in watchers:
            watcher(tick, lambda: picture)

    return watch


def _verdict(result: EpisodeResult) -> tuple[str, str]:
    """A word and its style."""
    if result.error is not None:
        return "broken off", "red"
    return ("done", "green") if result.success else ("not done", "yellow")


def _outcome(result: EpisodeResult, number: int, episodes: int) -> Text:
    word, style = _verdict(result)
    line = Text(f"{number}/{episodes}  “{result.spoken}”  ")
    line.append(word, style=style)
    if result.error is not None:
        return line.append(f": {result.error}")
    return line.append("" if result.time_s is None else f" in {result.time_s:.1f} s")


def _latency(values_ms: list[float]) -> str:
    found = metrics.percentiles(values_ms)
    return "-" if found["p50"] is None else f"{found['p50']:.0f}/{found['p99']:.0f} ms"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
