"""The scoreboards' page shows what was measured, with its means, and nothing else."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from xr0_robot import report
from xr0_robot.bench.board.results import summarize
from xr0_robot.bench.board.settings import Settings

RUNS = Path(__file__).resolve().parents[2] / "runs"
sys.path.insert(0, str(RUNS))

import board_training  # noqa: E402
import boards_table  # noqa: E402

TASKS = ("reach-v3", "door-open-v3", "sweep-v3", "push-v3")
"""Two easy ones, a medium one and a hard one."""


def row(task: str, seed: int, success: bool) -> dict:
    """An episode's."""
    names = ("spoken_success", "time_s", "seam_ratio", "rms_jerk", "error")
    return {
        **dict.fromkeys(names),
        **{"task": task, "seed": seed, "success": success, "ticks": 5, "idle_ticks": 0, "missed_ticks": 0},
        **{"latencies_ms": [], "code": "c0de", "crashes": 0},
    }


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """MT-4, frozen and with a delay; of LIBERO a model without a row."""
    settings = Settings(
        "sync", execute_horizon=10, benchmark="metaworld", tasks=TASKS, episodes=2, first_seed=1000
    )
    done = {"reach-v3": 2, "door-open-v3": 0, "sweep-v3": 1, "push-v3": 2}
    rows = [row(task, 1000 + k, k < done[task]) for task in TASKS for k in range(2)]
    for name, how in (
        ("sync_0ms", settings),
        ("async_100ms", replace(settings, mode="async", latency_ms=100.0)),
    ):
        report.write(tmp_path / f"metaworld/ours_mt4_{name}.json", summarize(rows, how))
    stages = {"choice": {"steps": 900, "seconds": 1800.0}, "flow": {"steps": 1500, "seconds": 3600.0}}
    shown = {task: {"tried": 52, "kept": 50} for task in TASKS[1:]} | {"reach-v3": {"tried": 100, "kept": 41}}
    described = {"demonstrations": shown, "stages": stages}
    report.write(tmp_path / "metaworld/training_mt4.json", described)
    report.write(tmp_path / "libero/training_libero_object.json", described)
    return tmp_path


def test_rows_have_the_groups_in_order_and_both_means(results: Path) -> None:
    lines = list(boards_table.boards(results))
    (frozen,) = (line for line in lines if "world frozen, 10 ticks" in line)
    (delayed,) = (line for line in lines if "async, 100 ms, 10 ticks" in line)
    assert lines.index(frozen) < lines.index(delayed)
    head = lines[2].strip("| ").split(" | ")
    cells = frozen.strip("| ").split(" | ")
    found = dict(zip(head, cells, strict=True))
    assert head[4:8] == ["easy", "medium", "hard", "mean of groups"]
    # (100 + 0) / 2, 50 and 100; their mean is not that of the four tasks. 5 of 8: Wilson 30.6 to 86.3.
    assert cells[4:] == ["50.0", "50.0", "100.0", "66.7", "62.5 (30.6 to 86.3)"]
    assert found["scripted demonstrations"] == "41 to 50 of each of 4"
    assert delayed.split("|")[5:] == frozen.split("|")[5:]
    text = "\n".join(lines)
    assert "learnt for 900 + 1,500 steps, 1.5 h" in text
    assert "Seeds 1000 to 1001; pictures drawn official" in text and "c0de" in text
    assert "LIBERO" not in text and "ACT" not in text  # no row, no line


def test_the_page_keeps_what_stands_around_the_marks(results: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{boards_table.START}\nold\n{boards_table.END}\nbehind\n")
    boards_table.main([str(results), str(page)])
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("behind\n")
    assert "old" not in text and "62.5 (30.6 to 86.3)" in text
    boards_table.main([str(tmp_path / "none"), str(page)])
    assert boards_table.NOTHING in page.read_text() and "62.5" not in page.read_text()


def test_what_a_model_learnt_from_is_counted_by_task(tmp_path: Path) -> None:
    attempts = [
        {"task": task, "seed": seed, "success": success}
        for task, seed, success in (
            ("push", 0, True),
            ("push", 1, False),
            ("push", 2, True),
            ("pull", 0, False),
        )
    ]
    report.write(tmp_path / "demos/meta/info.json", {"total_frames": 160})
    (tmp_path / "demos/meta/demos.json").write_text(json.dumps(attempts))
    for stage, seconds in (("choice", 7.25), ("flow", 11.0)):
        (tmp_path / stage).mkdir()
        lines = [
            {"step": 9, "seconds": 1.0},
            {"step": 19, "seconds": seconds},
            {"step": 19, "validation told": 0.5},
        ]
        (tmp_path / stage / "metrics.jsonl").write_text("\n".join(map(json.dumps, lines)))
        report.write(tmp_path / stage / "run.json", {"precision": "bf16"})
    found = board_training.training(tmp_path)
    assert found["demonstrations"] == {"push": {"tried": 3, "kept": 2}, "pull": {"tried": 1, "kept": 0}}
    assert (found["frames"], found["stages"]["choice"]) == (160, {"steps": 20, "seconds": 7.2})
    assert found["precision"] == "bf16"
