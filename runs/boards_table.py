"""The scoreboards' own rows, between docs/benchmarks.md's marks. Usage: RESULTS PAGE

A row is a results file of `xr0 eval` whose model runs/board_training.py has described; what was not measured
has none. What others publish stands elsewhere on the page, by hand: it is never in these tables.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import readme

from xr0_robot.sims.benchmark import open_protocol

START, END = "<!-- boards: written by runs/boards_table.py -->", "<!-- end of boards -->"

BOARDS = {"metaworld": "Meta-World", "libero": "LIBERO", "aloha": "ALOHA"}
"""Folders of results, and their benchmarks' names."""

POLICIES = {
    "ours": "XR-0, small",
    "choice": "its choice heads alone",
    "cloning": "plain behaviour cloning",
    "act": "ACT (LeRobot)",
    "diffusion": "Diffusion Policy (LeRobot)",
}
"""What names of results begin with, in words."""

NOTHING = "No row has been measured yet."

Found = Mapping[str, Any]
"""A JSON file."""


def boards(results: Path) -> Iterator[str]:
    """All lines."""
    tables = [list(board(results / name, name, title)) for name, title in BOARDS.items()]
    lines = [line for table in tables for line in table]
    yield from lines or [NOTHING]


def board(folder: Path, name: str, title: str) -> Iterator[str]:
    """One benchmark's table and what is to be known of its rows; nothing where there is none."""
    rows = [
        (described, policy, json.loads(path.read_text()))
        for described in sorted(folder.glob("training_*.json"))
        for policy in POLICIES
        for path in folder.glob(f"{policy}_{_model(described)}_*.json")
    ]
    rows.sort(key=lambda row: (row[0], list(POLICIES).index(row[1]), *_order(row[2])))
    if not rows:
        return
    groups = [g for g in open_protocol(name).groups if any(g in found["groups"] for _, _, found in rows)]
    groups = groups if any(len(found["groups"]) > 1 for _, _, found in rows) else []
    grouped = [*(group.replace("_", " ") for group in groups), *(["mean of groups"] if groups else [])]
    head = ["policy", "scripted demonstrations", "tasks", "executed", *grouped, "mean of tasks, % (95 %)"]
    yield from (f"**{title}**", "", _line(head), _line(["---"] * len(head)))
    for described, policy, found in rows:
        learnt = _demonstrations(json.loads(described.read_text()), found)
        yield _line([POLICIES[policy], learnt, _tasks(found), _executed(found), *_scores(found, groups)])
    yield from ("", *_about([found for _, _, found in rows], [described for described, _, _ in rows]), "")


def _model(described: Path) -> str:
    return described.stem.removeprefix("training_")


def _demonstrations(training: Found, found: Found) -> str:
    """How many of a task. A task that had fewer is scored as well, so the least is said too."""
    kept = [task["kept"] for task in training["demonstrations"].values()]
    each = f"{max(kept)}" if min(kept) == max(kept) else f"{min(kept)} to {max(kept)}"
    return f"{each} of each of {len(kept)}"


def _tasks(found: Found) -> str:
    """How many there were, where it is one its name, and as often as each was tried."""
    names = list(found["tasks"])
    each = found["settings"]["episodes"]
    what = names[0].replace("_", " ") if len(names) == 1 else f"{_suite(names)}{len(names)}"
    return f"{what}, {each} episodes each" if len(names) > 1 else f"{what}, {each} episodes"


def _suite(names: Sequence[str]) -> str:
    suites = sorted({name.split("/")[0] for name in names if "/" in name})
    return "".join(f"{suite}: " for suite in suites)


def _executed(found: Found) -> str:
    settings = found["settings"]
    ticks = f"{settings['execute_horizon']} ticks a chunk"
    if settings["mode"] == "sync" and settings["latency_ms"] == 0:
        return f"world frozen, {ticks}"
    return f"{settings['mode']}, {settings['latency_ms']:g} ms, {ticks}"


def _order(found: Found) -> tuple[str, ...]:
    """Of a model's rows: the frozen world first, then by delay."""
    settings = found["settings"]
    return (
        _tasks(found),
        f"{settings['latency_ms']:6.0f}",
        settings["mode"],
        str(settings["execute_horizon"]),
    )


def _scores(found: Found, groups: Sequence[str]) -> Iterator[str]:
    for group in groups:
        rate = found["groups"].get(group)
        yield f"{100 * rate['success_rate']:.1f}" if rate else ""
    if groups:
        yield f"{100 * found['group_mean']:.1f}"
    low, high = (100 * bound for bound in found["ci95"])
    yield f"{100 * found['task_mean']:.1f} ({low:.1f} to {high:.1f})"


def _about(rows: Sequence[Found], models: Iterable[Path]) -> Iterator[str]:
    """Where, when and how the rows were made."""
    for described in sorted(set(models)):
        stages = json.loads(described.read_text())["stages"].values()
        steps = " + ".join(f"{stage['steps']:,}" for stage in stages)
        hours = sum(stage["seconds"] for stage in stages) / 3600
        yield f"The model `{_model(described)}` learnt for {steps} steps, {hours:.1f} h."
    seeds = _distinct(_seeds(found["settings"]) for found in rows)
    looks = _distinct(found["settings"]["look"] for found in rows)
    machines = _distinct(f"{found['machine']['cpu']}, {found['machine']['cores']} cores" for found in rows)
    dates = _distinct(found["date"][:10] for found in rows)
    codes = _distinct(code for found in rows for code in found["code"])
    yield f"Seeds {seeds}; pictures drawn {looks}; {machines}; {dates}; code {codes}."


def _seeds(settings: Found) -> str:
    first = settings["first_seed"]
    return f"{first} to {first + settings['episodes'] - 1}"


def _distinct(values: Iterable[str]) -> str:
    return ", ".join(sorted(set(values)))


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main(arguments: Sequence[str]) -> None:
    """Write what stands between the page's marks."""
    results, page = map(Path, arguments)
    readme.put(page, START, END, ["", *boards(results)])


if __name__ == "__main__":
    main(sys.argv[1:])
