"""Episodes of several legs: known answers."""

import pytest

from xr0_robot import report
from xr0_robot.bench.board import chain, results
from xr0_robot.bench.board.settings import Settings


def leg(success, **other):
    base = {"seed": 3, "instruction": "go", "spoken": "go", "success": success, "spoken_success": None}
    base |= {"time_s": 2.5 if success else None, "ticks": 10, "idle_ticks": 1, "missed_ticks": 0}
    base |= {"latencies_ms": [4.0], "seam_ratio": 1.0, "rms_jerk": None, "error": None, "code": "abc"}
    return base | other


def episode(*outcomes, **other):
    row = chain.row([leg(outcome) for outcome in outcomes], 5)
    return {"task": "sequence", "crashes": 0, **row} | other


def test_an_episode_is_done_when_all_legs_are():
    whole, part = episode(*[True] * 5), episode(True, True, False)
    assert (whole["in_a_row"], whole["success"], whole["time_s"]) == (5, True, 12.5)
    assert (part["in_a_row"], part["success"], part["time_s"]) == (2, False, None)
    assert (part["ticks"], part["idle_ticks"], part["latencies_ms"]) == (30, 3, [4.0] * 3)
    assert (part["seam_ratio"], part["rms_jerk"]) == (1.0, None)
    assert part["instruction"] == "go; go; go" and len(part["legs"]) == 3


def test_what_fails_to_run_ends_the_row_with_its_reason():
    row = chain.row([leg(True), leg(False, error="the policy is gone")], 5)
    assert (row["in_a_row"], row["error"]) == (1, "the policy is gone")


def test_the_table_has_shares_of_so_many_in_a_row_and_their_mean():
    settings = Settings(benchmark="calvin", episodes=4, first_seed=3)
    rows = [
        replaced | {"seed": seed}
        for seed, replaced in enumerate((episode(*[True] * 5), episode(True, False), episode(False)), start=3)
    ]
    summary = results.summarize(rows, settings)
    assert summary["mean_length"] == pytest.approx((5 + 1 + 0) / 4)
    assert [share["successes"] for share in summary["in_a_row"].values()] == [2, 1, 1, 1, 1]
    assert summary["in_a_row"]["1"]["ci95"] == pytest.approx(report.wilson(2, 4))
    assert summary["missing"] == ["sequence seed 6"]
    lines = results.table(summary).splitlines()
    assert lines[-1] == "| mean length | 1 | 4 | 1.50 |" and lines[-6].startswith(
        "| 1 in a row | 1 | 4 | 50.0 ("
    )


def test_a_benchmark_of_single_tasks_has_none_of_it():
    settings = Settings(benchmark="metaworld", tasks=("reach-v3",), first_seed=3)
    assert "in_a_row" not in results.summarize([], settings)
