"""A board's numbers: known answers, and what a stopped run goes on from."""

import json

import pytest

from xr0_robot import report
from xr0_robot.bench.board import results
from xr0_robot.bench.board.progress import Progress
from xr0_robot.bench.board.settings import Settings


def row(task, seed, success, **other):
    base = {"task": task, "seed": seed, "success": success, "spoken_success": None, "ticks": 100}
    base |= {"time_s": 2.0 if success else None, "idle_ticks": 0, "missed_ticks": 0, "latencies_ms": [10.0]}
    base |= {"seam_ratio": None, "rms_jerk": None, "error": None, "crashes": 0, "code": "abc"}
    return base | other


TASKS = ("reach-v3", "door-open-v3", "assembly-v3")
"""Two easy ones and a hard one."""


def settings(**other):
    return Settings(**{"benchmark": "metaworld", "tasks": TASKS, "episodes": 2, "first_seed": 5} | other)


def every(outcomes):
    return [row(task, 5 + k, won) for task, pair in outcomes.items() for k, won in enumerate(pair)]


def test_the_two_means_differ_where_groups_differ_in_size():
    rows = every({"reach-v3": (True, True), "door-open-v3": (True, False), "assembly-v3": (False, False)})
    summary = results.summarize(rows, settings())
    assert summary["task_mean"] == pytest.approx(0.5)
    assert summary["group_mean"] == pytest.approx((0.75 + 0.0) / 2)
    assert summary["groups"]["easy"]["ci95"] == pytest.approx(report.wilson(3, 4))
    assert results.whole(summary)
    easy, hard, tasks, groups = results.table(summary).splitlines()[2:]
    assert easy.startswith("| easy | 2 | 4 | 75.0 (30.1 to 95.4)")
    assert hard.startswith("| hard | 1 | 2 | 0.0 (0.0 to 65.8)")
    assert "50.0" in tasks and groups.endswith("| 37.5 |")


def test_what_did_not_run_is_named_and_no_success():
    failed = row("reach-v3", 6, False, error="the policy is gone", crashes=1)
    summary = results.summarize([row("reach-v3", 5, True), failed], settings(tasks=("reach-v3", "hard")))
    assert not results.whole(summary)
    assert summary["errors"] == ["reach-v3 seed 6: the policy is gone"]
    assert len(summary["missing"]) == 6 * 2 and "assembly-v3 seed 5" in summary["missing"]
    assert (summary["episodes"], summary["successes"], summary["crashes"]) == (14, 1, 1)
    assert summary["tasks"]["reach-v3"]["success_rate"] == 0.5


def test_a_run_goes_on_from_what_ran_and_from_nothing_else(tmp_path):
    path = tmp_path / "board.json"
    rows = [row("reach-v3", 5, True), row("reach-v3", 6, False, error="the simulator died")]
    report.write(path, results.summarize(rows, settings()))
    assert [(r["task"], r["seed"]) for r in results.kept(path, settings())] == [("reach-v3", 5)]
    assert results.kept(tmp_path / "new.json", settings()) == []
    with pytest.raises(ValueError, match=r"holds other results, with latency_ms 0\.0 instead of 5"):
        results.kept(path, settings(latency_ms=5.0))
    json.loads(path.read_text())


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"tasks": ("juggle",)}, "tasks: got 'juggle'"),
        ({"episodes": 0}, "episodes: got 0, expected at least 1"),
        ({"first_seed": -2}, "seed: got -2"),
        ({"look": "dark"}, "look: got 'dark'"),
        ({"benchmark": "nowhere"}, "benchmark: got 'nowhere'"),
        ({"jitter": "gamma"}, "jitter: got 'gamma'"),
    ],
)
def test_settings_are_refused_before_anything_starts(wrong, message):
    with pytest.raises(ValueError, match=message):
        settings(**wrong)


def test_progress_counts_time_for_what_it_ran_alone():
    now = [0.0]
    progress = Progress(10, [row("reach-v3", 5, True)] * 4, lambda: now[0])
    now[0] = 120.0
    line = progress.line(row("reach-v3", 9, False))
    assert line == "5/10  reach-v3 9  not done  so far 4 of 5, 80 %, 10 min left"
    now[0] = 240.0
    assert progress.line(row("reach-v3", 9, True)).endswith("done  so far 5 of 6, 83 %, 8 min left")
