"""The pass lines: what a method of real-time execution must reach, and whether it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xr0.seam.grid import PASS_CONDITION
from xr0.seam.methods import DEFAULT, ENTRIES, RIVAL, WITHOUT_HEAD
from xr0.seam.table import ALL, frozen_success, reaction_line

OF_THE_BOUND, SEAM, SENSITIVITY = 0.95, 1.2, 0.9
"""Success over that of the world that waits; seam ratio; observation sensitivity."""

COST, COST_WITH_HEAD = 1.05, 1.1
"""Over the policy alone: nothing, within what a processor's time can be measured to, or a correction head."""

FAR, FAR_SUCCESS = 12, 0.9
"""A delay [ticks], and the success of the best method under it."""

BRICKS = {
    ("bricks_moved", 3): (0.83, 1.3),
    ("bricks_moved", 6): (0.80, 1.3),
    ("bricks", 3): (0.97, None),
    ("bricks", 6): (0.97, None),
}
"""Success and seam ratio on the brick table, by task and delay [ticks]."""

ON_TABLE = {DEFAULT: WITHOUT_HEAD}
"""The policy of the brick table has no head."""

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Line:
    """One line for one method. wanted: with its sign, as it is printed; reached: None where nothing was
    measured."""

    what: str
    wanted: str
    method: str
    reached: float | None
    passes: bool

    def said(self) -> str:
        """In a cell."""
        if self.reached is None:
            return "-"
        return f"{self.reached:.2f} {'passes' if self.passes else '**misses**'}"


def judged(rows: Rows) -> list[Line]:
    """All lines, for the default and its rival."""
    return [line for method in (DEFAULT, RIVAL) for line in _of(rows, method)] + [_far(rows)]


def markdown(lines: Sequence[Line]) -> str:
    """A row for each line, a column for each of the two methods; the last is the best method's."""
    table = [f"| pass line | wanted | {DEFAULT} | {RIVAL} |", "|---|---|---|---|"]
    *pairs, best = lines
    for line in (line for line in pairs if line.method == DEFAULT):
        rival = next(each for each in pairs if (each.what, each.method) == (line.what, RIVAL))
        table.append(f"| {line.what} | {line.wanted} | {line.said()} | {rival.said()} |")
    table.append(f"| {best.what} | {best.wanted} | {best.method}: {best.said()} | |")
    return "\n".join(table) + "\n"


def _of(rows: Rows, method: str) -> Iterator[Line]:
    bound, delay = frozen_success(rows), PASS_CONDITION.delay
    success = _figure(rows, method, ALL, delay, PASS_CONDITION.regime, "success_rate")
    share = None if not bound or success is None else success / bound
    yield _at_least("success over that of the frozen world", OF_THE_BOUND, method, share)
    for what, key, most in (
        ("seam ratio", "seam_ratio", SEAM),
        ("reaction, ticks", "reaction_ticks", reaction_line(delay)),
        ("cost", "relative_cost", COST_WITH_HEAD if ENTRIES[method].head else COST),
    ):
        yield _at_most(what, most, method, _figure(rows, method, ALL, delay, PASS_CONDITION.regime, key))
    sensitivity = _figure(rows, method, ALL, delay, PASS_CONDITION.regime, "observation_sensitivity")
    yield _at_least("observation sensitivity", SENSITIVITY, method, sensitivity)
    for (task, ticks), (least, most) in BRICKS.items():
        where, shipped = f"{task}, {ticks} ticks", ON_TABLE.get(method, method)
        success = _figure(rows, shipped, task, ticks, "steady", "success_rate")
        yield _at_least(f"{where}: success", least, method, success)
        if most is not None:
            seam = _figure(rows, shipped, task, ticks, "steady", "seam_ratio")
            yield _at_most(f"{where}: seam ratio", most, method, seam)


def _far(rows: Rows) -> Line:
    """Of the best method."""
    there = [row for row in rows if (row["task"], row["delay"], row["regime"]) == (ALL, FAR, "steady")]
    best = max(there, key=lambda row: row["success_rate"]["mean"], default=None)
    name, reached = (DEFAULT, None) if best is None else (best["method"], best["success_rate"]["mean"])
    return _at_least(f"success at {FAR} ticks, best method", FAR_SUCCESS, name, reached)


def _figure(rows: Rows, method: str, task: str, delay: int, regime: str, key: str) -> float | None:
    asked = (task, method, delay, regime)
    for row in rows:
        if (row["task"], row["method"], row["delay"], row["regime"]) == asked and row[key] is not None:
            return row[key]["mean"]
    return None


def _at_least(what: str, least: float, method: str, reached: float | None) -> Line:
    return Line(what, f">= {least:g}", method, reached, reached is not None and reached >= least)


def _at_most(what: str, most: float, method: str, reached: float | None) -> Line:
    return Line(what, f"<= {most:g}", method, reached, reached is not None and reached <= most)
