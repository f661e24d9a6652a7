"""Where a run's numbers go: metrics.jsonl and TensorBoard always, a tracker where asked.

Each takes rows: a step and its numbers. Rows of steps that a resumed run comes to again are dropped.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from torch.utils.tensorboard.writer import SummaryWriter

METRICS, TENSORBOARD = "metrics.jsonl", "tensorboard"

PROJECT = "xr0"
"""Under which a tracker files the runs."""


class Sink(Protocol):
    """What takes rows."""

    def row(self, step: int, values: Mapping[str, float]) -> None:
        """Take the numbers of a step."""

    def close(self) -> None:
        """The run has ended."""


class MetricsFile:
    """A line of JSON for each row."""

    def __init__(self, out: Path, first: int) -> None:
        self._path = out / METRICS
        lines = self._path.read_bytes().splitlines(keepends=True) if self._path.exists() else []
        whole = [line for line in lines if line.endswith(b"\n")]  # a killed process may leave half a line
        new = self._path.with_suffix(".new")
        new.write_bytes(b"".join(line for line in whole if json.loads(line)["step"] < first))
        new.replace(self._path)

    def row(self, step: int, values: Mapping[str, float]) -> None:
        """Append it; a killed process loses no row that was appended."""
        with self._path.open("a") as file:
            file.write(json.dumps({"step": step, **values}) + "\n")

    def close(self) -> None:
        """Nothing to do."""


class TensorBoard:
    """A curve for each number."""

    def __init__(self, out: Path, first: int) -> None:
        self._writer = SummaryWriter(str(out / TENSORBOARD), purge_step=first)

    def row(self, step: int, values: Mapping[str, float]) -> None:
        """Add a point to each curve."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()


class Tracker:
    """wandb or trackio, which speak the same three words: init, log, finish."""

    def __init__(self, package: str, run: str, config: Mapping[str, Any]) -> None:
        require_tracker(package)
        self._package = importlib.import_module(package)
        self._package.init(project=PROJECT, name=run, config=dict(config))

    def row(self, step: int, values: Mapping[str, float]) -> None:
        """Hand it on."""
        self._package.log(dict(values), step=step)

    def close(self) -> None:
        """Write what is left."""
        self._package.finish()


def require_tracker(package: str) -> None:
    """ValueError where the package is not installed."""
    if importlib.util.find_spec(package) is None:
        raise ValueError(f"tracker {package}: not installed; pip install {package}, or leave it out")
