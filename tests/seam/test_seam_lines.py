"""What the grid and the brick table come to: pass lines, by known answers."""

import json
from pathlib import Path
from typing import Any

import pytest

from xr0.seam import lines, rollouts, table
from xr0.seam.methods import DEFAULT, RIVAL, WITHOUT_HEAD


def figure(value: float) -> dict[str, float]:
    return {"mean": value, "low": value, "high": value}


def row(method: str, delay: int, regime: str, success: float, **more: float) -> dict[str, Any]:
    """Of all tasks."""
    given = {"seam_ratio": 1.1, "reaction_ticks": 11.0, "observation_sensitivity": 0.95, "relative_cost": 1.0}
    figures = {name: figure(value) for name, value in {**given, **more}.items()}
    about = {"task": table.ALL, "method": method, "delay": delay, "regime": regime}
    return {**about, "success_rate": figure(success), **figures}


GOOD = [row("sync", 0, "steady", 0.9), row(DEFAULT, 6, "lognormal", 0.9)]


def reached(rows: list[dict[str, Any]], method: str = DEFAULT) -> dict[str, bool]:
    return {each.what: each.passes for each in lines.judged(rows) if each.method == method}


def test_a_method_that_reaches_all_passes_all_and_what_was_not_run_passes_nothing() -> None:
    found = reached(GOOD)
    assert [what for what, passes in found.items() if passes] == [
        "success over that of the frozen world",
        "seam ratio",
        "reaction, ticks",
        "cost",
        "observation sensitivity",
    ]
    assert not any(reached(GOOD, "lambda_paper").values())


@pytest.mark.parametrize(
    "what, given",
    [
        ("success over that of the frozen world", {"success": 0.85}),  # 0.944 of 0.9
        ("seam ratio", {"seam_ratio": 1.21}),
        ("reaction, ticks", {"reaction_ticks": 12.1}),  # 6 of delay, half of 10, and 1
        ("observation sensitivity", {"observation_sensitivity": 0.89}),
        ("cost", {"relative_cost": 1.11}),  # with a head
    ],
)
def test_each_line_is_missed_alone(what: str, given: dict[str, float]) -> None:
    rows = [GOOD[0], row(DEFAULT, 6, "lognormal", **{"success": 0.9, **given})]
    before, after = reached(GOOD), reached(rows)
    assert {name for name in before if before[name] != after[name]} == {what}


def test_far_out_the_best_method_counts() -> None:
    rows = [*GOOD, row("naive", 12, "steady", 0.7), row("vlash", 12, "steady", 0.91)]
    far = lines.judged(rows)[-1]
    assert (far.method, far.reached, far.passes) == ("vlash", 0.91, True)
    assert "vlash: 0.91 passes" in lines.markdown(lines.judged(rows))


def test_lines_that_were_not_measured_have_a_dash() -> None:
    """As of the quick grid, which has no delay of 12 ticks."""
    last = lines.markdown(lines.judged(GOOD)).splitlines()[-1]
    assert last == f"| success at 12 ticks, best method | >= 0.9 | {DEFAULT}: - | |"


def results(folder: Path, successes: int, episodes: int, **settings: Any) -> None:
    given = {"world": "bricks", "mode": "async", "latency_ms": 100.0, "variant": "moved", "jitter": "steady"}
    rows = [{"success": k < successes, "seam_ratio": 1.0 + 0.1 * k} for k in range(3)]
    content = {"settings": {**given, "episodes": episodes, **settings}, "rows": rows}
    (folder / f"{len(list(folder.iterdir()))}.json").write_text(json.dumps(content))


def test_the_brick_table_joins_with_episodes_that_failed_to_run_as_failures(tmp_path: Path) -> None:
    results(tmp_path, 3, 4)
    (found,) = rollouts.rows(tmp_path)
    assert (found["task"], found["method"], found["delay"]) == ("bricks_moved", WITHOUT_HEAD, 3)
    assert found["success_rate"]["mean"] == 0.75 and found["seam_ratio"]["mean"] == pytest.approx(1.1)
    assert reached([found])["bricks_moved, 3 ticks: seam ratio"]
    assert not reached([found])["bricks_moved, 3 ticks: success"]


@pytest.mark.parametrize(("mode", "method"), [("async", WITHOUT_HEAD), ("prefix", RIVAL), ("rtc", "rtc")])
def test_each_policy_on_the_brick_table_has_its_methods_name(mode: str, method: str, tmp_path: Path) -> None:
    results(tmp_path, 3, 3, mode=mode)
    assert [found["method"] for found in rollouts.rows(tmp_path)] == [method]


def test_what_is_no_result_of_the_brick_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="got no results"):
        rollouts.rows(tmp_path)
    results(tmp_path, 1, 3, world="stacking")
    with pytest.raises(ValueError, match="got results of stacking, expected bricks"):
        rollouts.rows(tmp_path)
