"""A report of `open_loop` as one picture: error over the horizon, and number by number."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

COLOURS = {
    "policy": "#1b6ca8",
    "hold": "#e08a3c",
    "mean": "#8a8a8a",
    "nearest": "#3f8f46",
    "ridge": "#b03a6f",
}
"""Of who commands."""

MARKERS = {"hold": "o", "mean": "s", "nearest": "^", "ridge": "D"}
ROW_INCHES = 0.24


def save(found: Mapping[str, Any], rate_hz: float, path: Path, title: str) -> None:
    """Write a PNG of `open_loop.report`'s numbers. rate_hz: of the ticks."""
    rows = len(found["errors"])
    figure = Figure(figsize=(9, 4.6 + ROW_INCHES * rows), layout="constrained")
    over_time, by_number = figure.subplots(2, 1, height_ratios=[3.4, max(1.2, ROW_INCHES * rows)])
    _over_time(over_time, found["normalised"], rate_hz)
    _by_number(by_number, found)
    for axis in (over_time, by_number):
        axis.spines[["top", "right"]].set_visible(False)
    figure.suptitle(f"{title}\n{found['intervals']}", fontsize=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)


def _over_time(axis: Any, normalised: Mapping[str, Any], rate_hz: float) -> None:
    """Lines over the horizon; bars are the intervals at the reported ticks."""
    for name, table in normalised.items():
        time_s = np.arange(1, len(table["by_tick"]) + 1) / rate_hz
        label = f"{name}: {table['mean']['value']:.3f}"
        width = 2.4 if name == "policy" else 1.4
        axis.plot(time_s, table["by_tick"], color=COLOURS[name], lw=width, label=label)
        at = {int(tick) / rate_hz: values for tick, values in table["at"].items()}
        low, high = ([values[end] for values in at.values()] for end in ("low", "high"))
        axis.vlines(list(at), low, high, color=COLOURS[name], lw=width, alpha=0.35)
    axis.set_xlabel("ahead of the frame [s]")
    axis.set_ylabel("error, in std of the commands")
    axis.set_ylim(bottom=0)
    axis.margins(x=0.01)
    axis.legend(title="mean over the horizon", frameon=False, fontsize=8, title_fontsize=8)


def _by_number(axis: Any, found: Mapping[str, Any]) -> None:
    """A row for each number: the policy's error as a bar, with its value in its own unit, others as marks."""
    place = np.arange(len(found["errors"]))
    spread = np.array(list(found["spread"].values()))

    def means(name: str) -> np.ndarray:
        return np.array([tables[name]["mean"]["value"] for tables in found["errors"].values()])

    axis.barh(place, means("policy") / spread, color=COLOURS["policy"], height=0.62, label="policy")
    for name, marker in MARKERS.items():
        axis.plot(means(name) / spread, place, marker, color=COLOURS[name], ms=4.5, label=name)
    labels = [
        f"{quantity}  {value:.3g} {found['units'][quantity]}"
        for quantity, value in zip(found["errors"], means("policy"), strict=True)
    ]
    axis.set_yticks(place, labels, fontsize=8)
    axis.invert_yaxis()
    axis.margins(y=0.01)
    axis.set_xlim(left=0)
    axis.set_xlabel(
        "mean error over the horizon, in std of each number; beside its name the policy's in its unit"
    )
    axis.legend(frameon=False, fontsize=8)
