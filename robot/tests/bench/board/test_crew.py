"""Simulators that die, and what becomes of their episodes."""

import pytest

from xr0_robot.bench.board import crew

WORKER = '''
import os
from pathlib import Path

def work_on(connection, folder):
    """As a simulator: "frail" dies the first time, "dead" every time, "unable" says why it cannot."""
    try:
        while True:
            task, seed = connection.recv()
            mark = Path(folder, f"{task}-{seed}")
            first = not mark.exists()
            mark.touch()
            if task == "unable":
                connection.send({"cannot": "no such scene"})
            elif task == "dead" or (task == "frail" and first):
                os._exit(7)
            else:
                row = {"task": task, "seed": seed, "success": True, "error": None}
                connection.send(row | {"by": os.getpid()})
    except EOFError:
        pass
'''


@pytest.fixture
def run(tmp_path, monkeypatch):
    """run(jobs, workers): the rows. The workers are a module that their processes can import."""
    (tmp_path / "frail_simulator.py").write_text(WORKER)
    monkeypatch.syspath_prepend(str(tmp_path))
    import frail_simulator  # type: ignore[import-not-found]

    return lambda jobs, workers: list(crew.rows(jobs, frail_simulator.work_on, str(tmp_path), workers))


def test_a_dead_simulator_is_started_again_and_its_episode_run_once_more(run):
    rows = run([("frail", 1), ("dead", 2), ("sound", 3)], 2)
    found = {row["task"]: row for row in rows}
    assert len(rows) == 3
    assert (found["frail"]["success"], found["frail"]["crashes"]) == (True, 1)
    assert (found["sound"]["success"], found["sound"]["crashes"]) == (True, 0)
    assert (found["dead"]["success"], found["dead"]["crashes"]) == (False, 2)
    assert found["dead"]["error"] == "the simulator died 2 times, last with exit status 7"


def test_a_worker_stays_at_its_task_while_there_is_some_of_it(run):
    jobs = [("a", 1), ("b", 1), ("a", 2), ("b", 2), ("a", 3)]
    rows = run(jobs, 1)
    assert [row["task"] for row in rows] == ["a", "a", "a", "b", "b"]
    assert len({row["by"] for row in rows}) == 1


def test_what_a_simulator_lacks_ends_the_run_in_its_words(run):
    with pytest.raises(RuntimeError, match="no such scene"):
        run([("unable", 1), ("sound", 2)], 1)
