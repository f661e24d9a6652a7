"""From cells to the figures of a method: rows with intervals, a table, the pass lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from xr0.seam.cell import Condition
from xr0.seam.grid import PASS_CONDITION
from xr0.seam.methods import DEFAULT, SYNC
from xr0.seam.statistics import Figure, bootstrap, mean, ratio
from xr0_robot import report
from xr0_robot.executor.strategy import EXECUTE_HORIZON

ALL = "all"
"""Stands for the mean over the tasks."""

Cells = Sequence[Mapping[str, Any]]


def rows(cells: Cells, methods: Sequence[str]) -> list[dict[str, Any]]:
    """A row for each task, method and condition, and one for all tasks together."""
    return [_row(key, group) for key, group in _grouped(cells, methods)]


def content(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The results file."""
    return {
        "default_method": DEFAULT,
        "rows": list(rows),
        "machine": report.machine(),
        "versions": report.versions(),
        "code": report.code(),
        "date": report.now(),
    }


def markdown(rows: Sequence[Mapping[str, Any]], condition: Condition = PASS_CONDITION) -> str:
    """One table: every method, all tasks together, under one condition."""
    lines = [
        "| method | success | seam ratio | reaction, ticks | observation sensitivity | cost |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        if (row["task"], row["delay"], row["regime"]) == (ALL, condition.delay, condition.regime):
            names = ("success_rate", "seam_ratio", "reaction_ticks", "observation_sensitivity")
            figures = [_said(row[name], percent=name == "success_rate") for name in names]
            lines.append(f"| {row['method']} | {' | '.join(figures)} | {_cost(row['relative_cost'])} |")
    return "\n".join(lines) + "\n"


def by_condition(rows: Sequence[Mapping[str, Any]]) -> str:
    """Success of every method, all tasks together, under every condition that has been run."""
    together = [row for row in rows if row["task"] == ALL]
    conditions = list(dict.fromkeys((row["regime"], row["delay"]) for row in together))
    conditions.sort(key=lambda each: (each[0] != "steady", each))
    said = {(row["method"], row["regime"], row["delay"]): row["success_rate"]["mean"] for row in together}
    names = [f"{delay}" if regime == "steady" else f"{delay}, {regime}" for regime, delay in conditions]
    lines = [f"| success in %, by delay in ticks | {' | '.join(names)} |", "|---" * (1 + len(names)) + "|"]
    for method in dict.fromkeys(row["method"] for row in together):
        rates = [said.get((method, *condition)) for condition in conditions]
        cells = ["" if rate is None else f"{100 * rate:.0f}" for rate in rates]
        lines.append(f"| {method} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def frozen_success(rows: Sequence[Mapping[str, Any]], task: str = ALL) -> float | None:
    """The bound: of the world that waits."""
    for row in rows:
        if (row["task"], row["method"], row["delay"], row["regime"]) == (task, SYNC, 0, "steady"):
            return row["success_rate"]["mean"]
    return None


def reaction_line(delay: int) -> float:
    """Ticks: the delay, half of the pace, and one."""
    return delay + EXECUTE_HORIZON / 2 + 1


def _grouped(cells: Cells, methods: Sequence[str]) -> list[tuple[tuple[str, str, int, str], Cells]]:
    groups: dict[tuple[str, str, int, str], list[Mapping[str, Any]]] = {}
    for cell in cells:
        condition = (cell["condition"]["delay"], cell["condition"]["regime"])
        for task in (cell["cell"]["task"], ALL):
            groups.setdefault((task, cell["cell"]["method"], *condition), []).append(cell)
    order = {name: place for place, name in enumerate(methods)}
    return sorted(groups.items(), key=lambda item: (item[0][0], item[0][3], item[0][2], order[item[0][1]]))


def _row(key: tuple[str, str, int, str], cells: Cells) -> dict[str, Any]:
    task, method, delay, regime = key
    rows = [row for cell in cells for row in cell["rows"]]
    costs = [cell["relative_cost"] for cell in cells if "relative_cost" in cell]
    figures = {
        "success_rate": bootstrap([float(row["success"]) for row in rows], mean),
        "seam_ratio": _seam_ratio(cells),
        "reaction_ticks": bootstrap([row["reaction_ticks"] for row in rows], mean),
        "observation_sensitivity": _sensitivity(cells),
        "relative_cost": bootstrap(costs, mean),
        "finish_ticks": bootstrap(_there(rows, "finish_ticks"), mean),
        "velocity_jump": bootstrap(_there(rows, "velocity_jump"), mean),
        "jerk": bootstrap(_there(rows, "jerk"), mean),
        "sparc": bootstrap(_there(rows, "sparc"), mean),
        "idle_share": bootstrap(_there(rows, "idle_share"), mean),
    }
    named = {name: None if figure is None else asdict(figure) for name, figure in figures.items()}
    by_tick = {
        "observation_sensitivity_by_tick": _by_tick(cells, "observed", "observed_free"),
        "prefix_sensitivity_by_tick": _by_tick(cells, "shifted", None),
    }
    about = {"task": task, "method": method, "delay": delay, "regime": regime, "episodes": len(rows)}
    return {**about, **named, **({} if task == ALL else by_tick)}


def _seam_ratio(cells: Cells) -> Figure | None:
    """Of one task as `metrics.seam_bends` says; of several, their mean: each has its own unit, so each is
    brought to its own mean bend inside chunks first."""
    scaled = []
    for group in _by_task(cells):
        pairs = np.array([row["seam_bends"] for cell in group for row in cell["rows"] if row["seam_bends"]])
        if len(pairs):
            scaled += (pairs / pairs[:, 1].mean()).tolist()
    return bootstrap(scaled, ratio)


def _sensitivity(cells: Cells) -> Figure | None:
    """Over the ticks that are executed: behind the delay, as far as the next chunk."""
    pairs = []
    for group in _by_task(cells):
        mine = np.concatenate([np.array(cell["probe"]["observed"]) for cell in group])
        free = np.concatenate([np.array(cell["probe"]["observed_free"]) for cell in group])
        delay = group[0]["condition"]["delay"]
        executed = slice(delay, delay + EXECUTE_HORIZON)
        both = np.stack([mine[:, executed].mean(1), free[:, executed].mean(1)], axis=1)
        pairs += (both / both[:, 1].mean()).tolist()
    return bootstrap(pairs, ratio)


def _by_tick(cells: Cells, what: str, over: str | None) -> list[float]:
    """Mean over scenes, for each tick after the observation."""
    mine = np.concatenate([np.array(cell["probe"][what]) for cell in cells]).mean(0)
    if over is None:
        return (mine / np.mean([cell["probe"]["shift"] for cell in cells])).round(4).tolist()
    free = np.concatenate([np.array(cell["probe"][over]) for cell in cells]).mean(0)
    return (mine / np.maximum(free, 1e-9)).round(4).tolist()


def _by_task(cells: Cells) -> list[Cells]:
    tasks: dict[str, list[Mapping[str, Any]]] = {}
    for cell in cells:
        tasks.setdefault(cell["cell"]["task"], []).append(cell)
    return list(tasks.values())


def _there(rows: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    return [row[name] for row in rows if row[name] is not None]


def _said(figure: Mapping[str, float] | None, percent: bool) -> str:
    if figure is None:
        return ""
    scale, form = (100.0, ".0f") if percent else (1.0, ".2f")
    mean, low, high = (format(figure[part] * scale, form) for part in ("mean", "low", "high"))
    return f"{mean}{' %' if percent else ''} ({low} to {high})"


def _cost(figure: Mapping[str, float] | None) -> str:
    return "" if figure is None else f"{figure['mean']:.2f}"
