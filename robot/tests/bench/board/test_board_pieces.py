"""Episodes of many pieces: known answers, and what is written while one goes on."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from xr0_robot import report
from xr0_robot.bench.board import pieces, results
from xr0_robot.bench.board.expert import Unseen
from xr0_robot.bench.board.settings import Settings
from xr0_robot.robots.mock import MockEnv
from xr0_robot.sims.pieces import Account, Moment, Piece


def account(*ends, wrong=None, until_s=600.0):
    """Towels that ended then, one after the other; `wrong`: by number."""
    begins = (0.0, *ends)
    made = tuple(
        Piece("blue", begin, end, (wrong or {}).get(k))
        for k, (begin, end) in enumerate(zip(begins, ends, strict=False))
    )
    progress = tuple(Moment(end, f"towel {k}") for k, end in enumerate(ends))
    return Account(made, progress, {"slips": 2, "fling loops": 0}, len(wrong or {}), until_s)


def episode(seed, made, **other):
    base = {"task": "half_hour", "seed": seed, "success": True, "spoken_success": None, "ticks": 18000}
    base |= {"time_s": 600.0, "idle_ticks": 180, "missed_ticks": 0, "latencies_ms": [], "error": None}
    base |= {"seam_ratio": None, "rms_jerk": None, "crashes": 0, "code": "abc"}
    return base | pieces.row(made) | other


def test_throughput_is_what_was_done_in_all_the_time_and_a_rate_is_of_what_ended():
    rows = [
        episode(7, account(20.0, 60.0, 180.0, 240.0, wrong={2: "folded badly"}), seam_ratio=1.5),
        episode(8, account(30.0, 60.0), seam_ratio=2.5),
        episode(9, account(), error="the policy is gone"),
    ]
    summary = results.summarize(rows, Settings(benchmark="half_hour", episodes=3, first_seed=7))
    work = summary["work"]["half_hour"]
    assert (work["pieces"], work["done"], work["interventions"]) == (6, 5, 1)
    assert work["done_ci95"] == pytest.approx(report.wilson(5, 6))
    assert work["per_minute"] == pytest.approx(5 / 20) and work["per_hour"] == pytest.approx(15)
    assert work["piece_s"]["p50"] == 30.0, "of 20, 40, 60, 30, 30"
    assert work["wrong"] == {"folded badly": 1} and work["mishaps"] == {"slips": 4, "fling loops": 0}
    assert (work["longest_pause_s"], work["pause_ended_by"]) == (540.0, "the episode's end")
    assert (work["seam_ratio"], work["idle_share"]) == (2.0, 0.01)
    line = results.table(summary).splitlines()[-1]
    assert line.startswith("| half_hour | 6 | 83.3 (43.6 to 97.0) | 0.25 | 15 | 30.0 | 1 | 540 s, then the")
    assert line.endswith("| 2.00 | 1.0 | folded badly 1, slips 4 |")


def test_a_task_that_has_not_run_has_a_line_without_numbers():
    summary = results.summarize([], Settings(benchmark="disassembly", tasks=("la5",)))
    assert results.table(summary).splitlines()[-1].startswith("| la5 | 0 | |")


def test_a_benchmark_of_single_things_has_none_of_it():
    assert "work" not in results.summarize([], Settings(benchmark="metaworld", tasks=("reach-v3",)))


def test_a_long_episode_is_written_while_it_goes_on_and_its_draft_dropped_with_its_end(tmp_path):
    path = tmp_path / "out.half_hour-7.draft.json"
    draft = pieces.Draft(SimpleNamespace(account=lambda: account(20.0)), path)
    for number in range(pieces.DRAFT_TICKS - 1):
        draft(SimpleNamespace(tick=number), lambda: None)
    assert not path.exists()
    draft(SimpleNamespace(tick=pieces.DRAFT_TICKS - 1), lambda: None)
    assert json.loads(path.read_text())["pieces"][0]["ended_s"] == 20.0
    draft.drop()
    assert not path.exists()


def test_where_nobody_looks_pictures_are_drawn_once_and_the_state_is_of_now():
    env = MockEnv()
    seen = Unseen(env)
    seen.reset(3)
    first = seen.observe("go", 0.0)
    seen.apply(env.state() + 0.01)
    later = seen.observe("go", 1 / 30)
    assert later.images is first.images and later.time_s == 1 / 30
    assert np.array_equal(later.state, env.state()) and not np.array_equal(later.state, first.state)
